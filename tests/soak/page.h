/* What a page shows: the ids of its elements, and how often each was found helpful. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_ELEMENTS_MAX = 64 };

enum kind { KIND_QUESTION, KIND_ANSWER };

struct element {
    int64_t kind; /* an enum kind */
    int64_t id;
    int64_t helpfulness;
};

struct page {
    size_t count;
    struct element elements[PAGE_ELEMENTS_MAX]; /* an answer comes after its question */
};

/* Of the body of a list, or of what a POST responds. False when it cannot be one. */
bool page_parse(struct page *page, const char *body, size_t length);

/* NULL when it is not on the page. */
const struct element *page_find(const struct page *page, enum kind kind, int64_t id);

size_t page_count(const struct page *page, enum kind kind);

bool page_equal(const struct page *a, const struct page *b);

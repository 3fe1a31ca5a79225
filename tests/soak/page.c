/*
 * Reads a page without a JSON parser, which would take longer than all else here. Each element has
 * its id first and its helpfulness after that, and a quote within a text has a backslash before it.
 */
#include "page.h"

#include <string.h>

struct text {
    const char *at;
    const char *end;
};

/* Goes behind the next key that ends so. */
static bool skip_key(struct text *text, const char *end_of_key) {
    size_t length = strlen(end_of_key);
    const char *found = memmem(text->at, (size_t)(text->end - text->at), end_of_key, length);
    if (found) {
        text->at = found + length;
    }
    return found != NULL;
}

/* False where no number follows: the text has another type. */
static bool take_number(struct text *text, int64_t *number) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == ':')) {
        text->at++;
    }
    const char *first = text->at;
    *number = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9') {
        *number = *number * 10 + (*text->at++ - '0');
    }
    return text->at > first;
}

static bool ends_with(const char *begin, const char *end, const char *word) {
    size_t length = strlen(word);
    return (size_t)(end - begin) >= length && memcmp(end - length, word, length) == 0;
}

bool page_parse(struct page *page, const char *body, size_t length) {
    struct text text = {body, body + length};
    page->count = 0;
    if (length < 2 || body[0] != '{' || body[length - 1] != '}') {
        return false;
    }
    while (skip_key(&text, "id\"")) {
        struct element element = {.kind = KIND_ANSWER};
        if (ends_with(body, text.at, "\"question_id\"")) {
            element.kind = KIND_QUESTION;
        }
        if (!take_number(&text, &element.id)) {
            continue; /* of the envelope */
        }
        if (page->count == PAGE_ELEMENTS_MAX || !skip_key(&text, "helpfulness\"") ||
            !take_number(&text, &element.helpfulness)) {
            return false;
        }
        page->elements[page->count++] = element;
    }
    return true;
}

const struct element *page_find(const struct page *page, enum kind kind, int64_t id) {
    for (size_t i = 0; i < page->count; i++) {
        const struct element *element = &page->elements[i];
        if (element->id == id && element->kind == (int64_t)kind) {
            return element;
        }
    }
    return NULL;
}

size_t page_count(const struct page *page, enum kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++) {
        count += page->elements[i].kind == (int64_t)kind;
    }
    return count;
}

bool page_equal(const struct page *a, const struct page *b) {
    return a->count == b->count &&
           memcmp(a->elements, b->elements, a->count * sizeof a->elements[0]) == 0;
}

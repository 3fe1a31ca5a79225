/* Which page a request means. */
#pragma once

#include "http/text.h"
#include "pages/versions.h"

#include <stdint.h>

/* What a page shows. */
enum page_kind {
    PAGE_QUESTIONS, /* the list of a product's questions */
    PAGE_ANSWERS,   /* the list of a question's answers */
    PAGE_QUESTION,  /* one question with its answers */
    PAGE_DOCUMENT,  /* the same as a web page */
    PAGE_COUNTS     /* how many questions and answers products have; `text` says which products */
};

/* The order of a list. Dates that are equal: by id, the same way. */
enum page_order { PAGE_HELPFUL, PAGE_NEWEST, PAGE_OLDEST };

/* Which questions of a list. */
enum page_choice { PAGE_ALL, PAGE_ANSWERED, PAGE_UNANSWERED };

/* Which page, by its effective parameters. Compared byte by byte; it has no padding. */
struct page_key {
    int16_t kind;          /* an enum page_kind */
    int16_t shows_matches; /* of a search: 1: where its words are, too */
    int16_t order;         /* an enum page_order */
    int16_t choice;        /* an enum page_choice */
    int64_t id;            /* of the product or question; 0: the text says which */
    int64_t page;          /* of a list, from 1; of its total 0 */
    int64_t count;         /* of elements on a page, from 1; of a list's total 0 */
    uint64_t text[2];      /* the hash of a text; zeros: none */
};

/* A list's page, or its total: how many elements it has in all, as digits. */
static inline bool page_key_is_list(const struct page_key *key) {
    return key->kind == PAGE_QUESTIONS || key->kind == PAGE_ANSWERS;
}

static inline bool page_key_is_total(const struct page_key *key) {
    return page_key_is_list(key) && key->count == 0;
}

/* The total of the list that a page is of. */
static inline struct page_key page_key_of_total(const struct page_key *key) {
    return (struct page_key){.kind = key->kind,
                             .choice = key->choice,
                             .id = key->id,
                             .text = {key->text[0], key->text[1]}};
}

/* A page, and the text whose hash is in its key; NULL: none. */
struct page_wish {
    struct page_key key;
    const char *text;
};

/* What a page is of that is of one product or question. */
static inline enum subject page_key_subject(const struct page_key *key) {
    return key->kind == PAGE_QUESTIONS || key->kind == PAGE_COUNTS ? SUBJECT_PRODUCT
                                                                   : SUBJECT_QUESTION;
}

/* Puts the hash of a text into a key. Whoever does not know the seed cannot find two texts that
 * have the same. */
void page_key_set_text(struct page_key *key, struct http_text text, uint64_t seed);

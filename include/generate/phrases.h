/*
 * Lists of phrases: the small talk around questions and answers, and the words that fill the
 * slots of templates. A template is a text with slots in braces, as in "Is the {colour} one warm?".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct phrases {
    const char *const *list;
    size_t count;
};

/* A `struct phrases` of string literals. Versions of clang-format differ on such braces. */
/* clang-format off */
#define PHRASES(...)                                                                               \
    {(const char *const[]){__VA_ARGS__},                                                           \
     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)}
/* clang-format on */

struct slot {
    const char *name;
    /* A shared word is the same in a question and all its answers (the colour asked about); the
     * others belong to whoever writes (their height). The slot "product" is not in this list. */
    bool shared;
    struct phrases words;
};

enum { SLOT_COUNT = 11 };
extern const struct slot phrases_slots[SLOT_COUNT];

/* Sentences that fit any topic, to stand before or after the one that matters. */
extern const struct phrases phrases_question_openings;
extern const struct phrases phrases_question_closings;
extern const struct phrases phrases_answer_openings;
extern const struct phrases phrases_answer_closings;
extern const struct phrases phrases_seller_openings;
extern const struct phrases phrases_seller_closings;

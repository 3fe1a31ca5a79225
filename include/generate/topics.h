/*
 * What shoppers ask about, and what they are told. All sentences are templates
 * (generate/phrases.h). Each is 20 characters long at least and, between the longest opening and
 * closing, 250 at most.
 */
#pragma once

#include "generate/phrases.h"

#include <stddef.h>

/* A question, and the answer that fits it best. */
struct exchange {
    const char *question;
    const char *answer;
};

/* Within a topic, the answer of one exchange makes sense after the question of another. */
struct topic {
    const struct exchange *exchanges;
    size_t exchange_count;
    struct phrases seller_answers; /* by the shop itself */
};

/* The first two members of a `struct topic`. */
#define EXCHANGES(...)                                                                             \
    (const struct exchange[]){__VA_ARGS__},                                                        \
        sizeof((const struct exchange[]){__VA_ARGS__}) / sizeof(struct exchange)

struct topics {
    const struct topic *list;
    size_t count;
};

extern const struct topics topics_clothes;
extern const struct topics topics_shoes;
extern const struct topics topics_electronics;
extern const struct topics topics_furniture;
extern const struct topics topics_outdoor;
extern const struct topics topics_shop; /* delivery, returns …: fit every product */

/*
 * The parameters of paths and query strings: their rules, and how they are read. Without
 * libmicrohttpd, for worker and NGINX alike.
 */
#pragma once

#include "http/target.h"

#include <stdint.h>

/* An integer from 1 to `most`, or one of a few words. */
struct parameter {
    const char *name;
    int64_t most;
    const char *rule;         /* what to tell whoever breaks it */
    const char *const *words; /* ending with NULL; NULL: it is an integer */
};

extern const struct parameter parameters_question_id;
extern const struct parameter parameters_answer_id;
extern const struct parameter parameters_product_id;

/* True, and *number set, for ASCII digits only, leading zeros allowed, of a number in its range; or
 * for a word, whose place from 0 is the number. */
__attribute__((warn_unused_result)) bool parameters_parse(const struct parameter *parameter,
                                                          struct http_text value, int64_t *number);

/* From the query string. Absent or empty leaves *number as it is; false when it is wrong. */
__attribute__((warn_unused_result)) bool parameters_query(const struct parameter *parameter,
                                                          const struct http_target *target,
                                                          int64_t *number);

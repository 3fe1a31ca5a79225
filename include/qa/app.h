/* What the handlers of a worker work on: request->app. Owned by the worker. */
#pragma once

#include "ops/log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct commit_wait;
struct keyed_writes;
struct versions;
struct lookup;
struct pool;

struct app {
    struct pool *pool;
    struct lookup *lookup;
    struct versions *versions;
    struct commit_wait *commit_wait;
    struct keyed_writes *keyed_writes;
    uint64_t text_seed; /* of page_key_set_text() */
    const struct logger *logger;
    int64_t reports_to_hide;         /* an item */
    bool premoderates_all;           /* new questions and answers wait, whatever the product */
    const char *loaderio_token;      /* "" = none */
    const _Atomic bool *is_stopping; /* the whole service; never NULL */
};

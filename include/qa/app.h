/* What the handlers of a worker work on: request->app. Owned by the worker. */
#pragma once

#include "db/pool.h"
#include "ops/log.h"

#include <stdint.h>

struct app {
    struct pool *pool;
    const struct logger *logger;
    int64_t answers_per_question; /* most shown with each question of a list */
    const char *loaderio_token;   /* "" = none */
};

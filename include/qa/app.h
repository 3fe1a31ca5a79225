/* What the handlers of a worker work on: request->app. Owned by the worker. */
#pragma once

#include "ops/log.h"

#include <stdint.h>

struct versions;
struct lookup;
struct pool;

struct app {
    struct pool *pool;
    struct lookup *lookup;
    struct versions *versions;
    const struct logger *logger;
    const char *loaderio_token; /* "" = none */
};

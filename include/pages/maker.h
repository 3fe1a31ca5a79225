/*
 * Makes product pages ready in the database (sql/migrations/0007_product_pages.sql), so that a
 * page that no cache has costs one look-up: those that changed, and, after the pool has connected,
 * whenever an epoch has begun (an import, for example) and each hour, those that are missing.
 *
 * It leaves the processors to others (pages/pace.h). No page depends on it; one that is not ready
 * is made by its query. A page that it cannot make is logged, and passed over until it comes round
 * again.
 */
#pragma once

#include "db/pool.h"
#include "pages/lookup.h"
#include "pages/versions.h"

struct maker;
struct metrics;

struct maker_settings {
    int64_t most_answers; /* shown with each question */
    unsigned workers;     /* that serve, each as many requests as this one */
    const struct lookup *lookup;
    struct metrics *metrics; /* where it counts (ops/metrics.h); NULL: nowhere */
};

/* Pool, lookup, versions and logger must outlive its use. It rests until maker_begin(). */
struct maker *maker_new(struct event_base *base, struct pool *pool, const struct versions *versions,
                        const struct logger *logger, const struct maker_settings *settings);

/* Looks at all products: the database has come, or come back, perhaps without its pages. */
void maker_begin(struct maker *maker);

/* Begins no step any more. */
void maker_close(struct maker *maker);

/* Nothing may be in flight any more: after pool_close(). */
void maker_free(struct maker *maker);

/*
 * Makes product pages ready in the database (sql/migrations/0007_product_pages.sql), so that a
 * page that no cache has costs one look-up: those that changed, and, after the pool has connected,
 * whenever an epoch has begun (an import, for example) and each hour, those that are missing.
 *
 * It leaves the processors to others: while its worker has little to do it works half of the time,
 * else a fiftieth. No page depends on it; one that is not ready is made by its query. A page that
 * it cannot make is told, and passed over until it comes round again.
 */
#pragma once

#include "cache/generations.h"
#include "db/pool.h"

struct page_maker;

struct page_maker_settings {
    int64_t most_answers; /* shown with each question */
    int64_t deadline_ms;  /* for each of its steps */
};

/* Pool, generations and logger must outlive its use. It rests until page_maker_begin(). NULL when
 * out of memory. */
struct page_maker *page_maker_new(struct event_base *base, struct pool *pool,
                                  const struct generations *generations,
                                  const struct logger *logger,
                                  const struct page_maker_settings *settings);

/* Looks at all products: the database has come, or come back, perhaps without its pages. */
void page_maker_begin(struct page_maker *maker);

/* Begins no step any more. */
void page_maker_close(struct page_maker *maker);

/* Nothing may be in flight any more: after pool_close(). */
void page_maker_free(struct page_maker *maker);

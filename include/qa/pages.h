/*
 * Pages of lists: from the worker's cache, from a query under way for the same page, or from a
 * query of their own.
 *
 * A request may join a query under way only when the generation that it has just noted is the one
 * that was noted for the query: one whose snapshot may be older than an acknowledged write is not
 * good enough for it. With the cache off (workers of several hosts on one database share no
 * generations) each request has a query of its own.
 */
#pragma once

#include "cache/generations.h"
#include "cache/page_cache.h"
#include "db/pool.h"
#include "http/request.h"
#include "ops/log.h"

struct pages;

/* What a page is made of: its key, the counter that covers all that it shows, and its query. */
struct page_query {
    struct page_key key;
    size_t slot;
    enum statement statement;
    int parameter_count;
    const char *parameters[QUERY_PARAMETERS_MAX];
};

/* `cache_bytes` 0: off. The arguments must outlive the pages. NULL when out of memory. */
struct pages *pages_new(struct pool *pool, const struct generations *generations,
                        size_t cache_bytes, int64_t lifetime_ms);

/* No query may be under way. */
void pages_free(struct pages *pages);

/* How often a page came from the cache, and how often it did not; zeros where it is off. */
struct page_cache_counts pages_cache_counts(const struct pages *pages);

/* Answers a request with the page. */
void pages_serve(struct pages *pages, struct http_request *request, const struct page_query *query);

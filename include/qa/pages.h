/*
 * Pages of lists: from the worker's cache, from what all workers of the service share, from a query
 * under way for the same page, or from a query of their own.
 *
 * A request may join any query for its page that has not been sent yet, and one under way only when
 * the generation that it has just noted is the one that was noted when the query was sent: one
 * whose snapshot may be older than an acknowledged write is not good enough for it. With the cache
 * off (workers of several hosts on one database share no generations) each request has a query of
 * its own.
 */
#pragma once

#include "cache/generations.h"
#include "cache/page_cache.h"
#include "cache/shared_pages.h"
#include "db/pool.h"
#include "http/request.h"
#include "ops/log.h"

struct pages;

/* Whether a page shows or skips so many elements that its query is a large one (db/pool.h). One
 * that turned out to be long is as well, the next time. */
bool page_is_large(int64_t count, int64_t offset);

/* What a page is made of: its key, the counter that covers all that it shows, and its query. */
struct page_query {
    struct page_key key;
    size_t slot;
    bool is_large; /* page_is_large() */
    enum statement statement;
    int parameter_count;
    const char *parameters[QUERY_PARAMETERS_MAX];
};

struct pages_settings {
    size_t cache_bytes;          /* of this worker's own cache; 0: no cache at all */
    struct shared_pages *shared; /* what workers share; NULL: nothing */
    int64_t lifetime_ms;         /* how long a page is kept at most */
};

/* Pool, generations and what is shared must outlive the pages. NULL when out of memory. */
struct pages *pages_new(struct pool *pool, const struct generations *generations,
                        const struct pages_settings *settings);

/* No query may be under way. */
void pages_free(struct pages *pages);

/* Where pages came from; zeros where there is no cache. */
struct pages_counts {
    uint64_t hits;        /* this worker's cache */
    uint64_t shared_hits; /* what workers share */
    uint64_t misses;      /* a query, of their own or one under way */
};

struct pages_counts pages_counts(const struct pages *pages);

/* Answers a request with the page. */
void pages_serve(struct pages *pages, struct http_request *request, const struct page_query *query);

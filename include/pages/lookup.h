/*
 * Lookup: how a request gets its page. From the ring, else from a flight: one query that all
 * requests for the page wait for.
 *
 * A request joins a flight that has not been sent yet. One that was sent it joins only if the
 * version is still the one that was noted then: else the query's snapshot may be older than an
 * acknowledged write. With the cache off each request has a flight of its own.
 *
 * With several hosts versions tell of the writes of others only under a lease. Without it a request
 * is shown no page from the ring, and joins no flight that was sent.
 */
#pragma once

#include "db/pool.h"
#include "pages/lookup_settings.h"
#include "pages/versions.h"

struct lookup;

/* Pool, versions and ring must outlive it. */
struct lookup *lookup_new(struct pool *pool, const struct versions *versions,
                          const struct lookup_settings *settings);

/* No query may be under way. */
void lookup_free(struct lookup *lookup);

/* Queries so far for pages that may be ready-made in the database. */
uint64_t lookup_first_page_queries(const struct lookup *lookup);

/* Responds to a request with the page, at once or later; with a list's total it calls on_total
 * instead. The text of a list's page is what is searched for; that of one of PAGE_COUNTS is an
 * array of products as PostgreSQL writes it, such as {5,37}. */
void lookup_serve(struct lookup *lookup, struct http_request *request,
                  const struct page_wish *wish);

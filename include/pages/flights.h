/*
 * Flights: each is a query of a page, which waits to be sent or is under way, and the requests that
 * wait for it. When it has completed they get the page, and the ring keeps it under the version
 * that was noted when the query was sent.
 *
 * Where a standby may be asked, its page counts only if it had replayed enough; otherwise the query
 * goes to the primary. A flight starts as soon as there is a request for it, and ends with its
 * query.
 */
#pragma once

#include "db/pool.h"
#include "pages/lookup_settings.h"

struct flights;

/* All that is given must outlive them. */
struct flights *flights_new(struct pool *pool, const struct versions *versions,
                            const struct lookup_settings *settings);

/* No query may be under way. */
void flights_free(struct flights *flights);

/* Queries so far for pages that may be ready-made in the database. */
uint64_t flights_first_page_queries(const struct flights *flights);

/* Has a request wait for a flight for its page that is still to be sent, or noted this version when
 * it was sent; the second, only for one that is still to be sent. False: there is none. With the
 * cache off there never is. */
__attribute__((warn_unused_result)) bool flights_join(struct flights *flights,
                                                      struct http_request *request,
                                                      const struct page_key *key,
                                                      struct version version);
__attribute__((warn_unused_result)) bool flights_join_unsent(struct flights *flights,
                                                             struct http_request *request,
                                                             const struct page_key *key);

/* Starts a flight for a request, which may have got its response before this returns. If it may, it
 * asks a standby first, if one is ready. The wish is copied. */
void flights_start(struct flights *flights, struct http_request *request,
                   const struct page_wish *wish, bool may_ask_standby);

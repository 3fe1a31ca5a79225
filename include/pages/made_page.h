/* A page that a query has made: first the ring keeps it, then all requests get it that have waited
 * for it. */
#pragma once

#include "pages/lookup_settings.h"

struct made_page {
    const struct page_key *key; /* not owned */
    struct ring_page page;
    void *bodies[RING_FORMS]; /* owned; NULL: there is no such form */
};

/* Copies the page of a row. */
struct made_page made_page_of(const struct page_key *key, const PGresult *result, int row);

/* Keeps it under that version, no longer than the settings allow, with its gzip form where one of
 * the requests wants that. */
void made_page_keep(struct made_page *made, const struct lookup_settings *settings,
                    struct version version, int64_t max_age_ms,
                    const struct http_request_queue *requests);

/* Responds to all requests, or calls on_total with a list's total, and empties the queue. The
 * bodies are handed over. */
void made_page_respond(const struct made_page *made, const struct lookup_settings *settings,
                       struct http_request_queue *requests);

/*
 * The settings of the lookup (pages/lookup.h), for its parts: the cache, its limits, and the
 * callbacks of who serves pages.
 */
#pragma once

#include "db/query.h"
#include "http/request.h"
#include "ops/number.h"
#include "pages/page_key.h"
#include "pages/ring.h"
#include "pages/shared_memory.h"

struct metrics;

enum { LOOKUP_HEADERS_MAX = 6, LOOKUP_LINKS_SIZE = 4100 };

/* Responds where there is no page: `outcome` is not QUERY_DONE. Of several requests that waited for
 * one query only the first is given the result. */
typedef void lookup_on_failure(struct http_request *request, enum query_outcome outcome,
                               const PGresult *result);

/* Responds where what the page shows does not exist. */
typedef void lookup_on_missing(struct http_request *request, const struct page_key *key);

/* The page that a request was served with is a list's total. */
typedef void lookup_on_total(struct http_request *request, int64_t total);

/* What a response has beside the page: filled in by its owner, ended by one without a name. */
struct lookup_headers {
    struct http_header all[LOOKUP_HEADERS_MAX + 1];
    char links[LOOKUP_LINKS_SIZE];
    char total[NUMBER_DIGITS + 1];
};

typedef void lookup_on_respond(const struct http_request *request, const struct page_key *key,
                               bool has_more, bool is_not_modified, struct lookup_headers *headers);

struct lookup_settings {
    struct ring *ring;                 /* the cache; NULL: off */
    const struct shared_memory *lease; /* whose lease pages need; NULL: they need none */
    int64_t lifetime_ms;               /* how long a page is kept at most */
    int64_t answers_per_question;      /* on a product's page, at most */
    lookup_on_failure *on_failure;
    lookup_on_missing *on_missing;
    lookup_on_total *on_total;
    lookup_on_respond *on_respond;
    struct metrics *metrics; /* where it counts (ops/metrics.h); NULL: nowhere */
};

/* How a request gets its page: from the ring, or from a flight. */
#include "pages/lookup.h"

#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "pages/flights.h"
#include "pages/kept_page.h"
#include "pages/page_version.h"

#include <stdlib.h>

_Static_assert((int)SUBJECT_QUESTION + 1 == (int)METRICS_LISTS, "metrics know each list");

struct lookup {
    const struct versions *versions;
    struct lookup_settings settings;
    struct metrics_pages *metrics;
    struct flights *flights;
};

struct lookup *lookup_new(struct pool *pool, const struct versions *versions,
                          const struct lookup_settings *settings) {
    struct lookup *lookup = memory_calloc(1, sizeof *lookup);
    lookup->versions = versions;
    lookup->settings = *settings;
    lookup->metrics = &metrics_or_unseen(settings->metrics)->pages;
    lookup->flights = flights_new(pool, versions, &lookup->settings);
    return lookup;
}

void lookup_free(struct lookup *lookup) {
    flights_free(lookup->flights);
    free(lookup);
}

uint64_t lookup_first_page_queries(const struct lookup *lookup) {
    return flights_first_page_queries(lookup->flights);
}

/* Until when what is there already counts. */
static int64_t leased_until_us(const struct lookup *lookup) {
#ifdef QA_FAULT_NO_LEASE
    return INT64_MAX; /* A deliberate fault, which tests/e2e/test_hosts.py must notice. */
#endif
    const struct shared_memory *lease = lookup->settings.lease;
    if (!lease) {
        return INT64_MAX;
    }
    shared_memory_note_asked(lease, clock_ms());
    return shared_memory_leased_until_us(lease);
}

static void serve_by_flight(struct lookup *lookup, struct http_request *request,
                            const struct page_wish *wish, struct version version, bool is_leased) {
    struct flights *flights = lookup->flights;
    const struct page_key *key = &wish->key;
    bool has_joined = is_leased ? flights_join(flights, request, key, version)
                                : flights_join_unsent(flights, request, key);
    if (has_joined) {
        metrics_add(&lookup->metrics->coalesced[page_key_subject(key)], 1);
    } else {
        flights_start(flights, request, wish, is_leased);
    }
}

void lookup_serve(struct lookup *lookup, struct http_request *request,
                  const struct page_wish *wish) {
    const struct page_key *key = &wish->key;
    const enum subject subject = page_key_subject(key);
    if (!lookup->settings.ring) {
        flights_start(lookup->flights, request, wish, false);
        return;
    }
    /* Before everything else, in this order: what is found from here on is no older. */
    int64_t until_us = leased_until_us(lookup);
    struct version version = page_version_note(lookup->versions, key, wish->text);
    bool is_leased = until_us == INT64_MAX || clock_us() < until_us;
    request->timing.cache = HTTP_CACHE_HIT; /* as the response then says */
    if (is_leased && kept_page_serve(&lookup->settings, request, key, version)) {
        metrics_add(&lookup->metrics->hits[subject], 1);
        return;
    }
    request->timing.cache = HTTP_CACHE_MISS;
    metrics_add(&lookup->metrics->misses[subject], 1);
    metrics_add(&lookup->metrics->unleased[subject], !is_leased);
    serve_by_flight(lookup, request, wish, version, is_leased);
}

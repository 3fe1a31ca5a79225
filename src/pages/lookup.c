/* How a request gets its page: caches, then a flight. */
#include "pages/lookup.h"

#include "http/content.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "pages/local_cache.h"
#include "pages/result_body.h"
#include "pages/weights.h"

#include <stdlib.h>

#define uthash_malloc(size) memory_allocate(size)
#include <uthash.h>
#include <xxhash.h>

/* What a query is shared by: the page, and once it is sent the version as well. Compared byte by
 * byte. */
struct flight_key {
    struct page_key page;
    struct version version; /* while it waits: `none_yet` */
};

static const struct version none_yet = {.counter = UINT64_MAX, .epoch = UINT64_MAX};

_Static_assert(sizeof(struct flight_key) == 6 * sizeof(int64_t), "no padding");

/* A query that waits or is under way, and the requests that wait for it. */
struct flight {
    struct flight_key key;
    struct lookup *lookup;
    bool is_sent;
    int64_t max_age_ms; /* how long the page may be kept; once it is sent */
    struct http_request_queue requests;
    UT_hash_handle hh;
};

enum { LARGEST_SHARE = 16 /* a part of the cache that one page may take */ };

struct lookup {
    struct pool *pool;
    const struct versions *versions;
    struct lookup_settings settings;
    struct local_cache *cache; /* NULL: off */
    struct flight *flights;    /* all, where requests find them; none while the cache is off */
    uint64_t ring_hits;
    struct weights *weights;
};

struct lookup *lookup_new(struct pool *pool, const struct versions *versions,
                          const struct lookup_settings *settings) {
    struct lookup *lookup = memory_calloc(1, sizeof *lookup);
    lookup->pool = pool;
    lookup->versions = versions;
    lookup->settings = *settings;
    lookup->weights = weights_new();
    if (settings->cache_bytes > 0) {
        lookup->cache = local_cache_new(settings->cache_bytes);
    }
    return lookup;
}

void lookup_free(struct lookup *lookup) {
    if (lookup->cache) {
        local_cache_free(lookup->cache);
    }
    weights_free(lookup->weights);
    free(lookup);
}

void lookup_release_memory(struct lookup *lookup) {
    if (lookup->cache) {
        local_cache_halve(lookup->cache);
    }
}

struct lookup_counts lookup_counts(const struct lookup *lookup) {
    if (!lookup->cache) {
        return (struct lookup_counts){0};
    }
    struct local_cache_counts counts = local_cache_counts(lookup->cache);
    return (struct lookup_counts){.hits = counts.hits,
                                  .ring_hits = lookup->ring_hits,
                                  .misses = counts.misses - lookup->ring_hits};
}

/* The version of the counter that covers all that a page shows. */
static struct version note_version(const struct lookup *lookup, const struct page_key *key) {
    return versions_note(lookup->versions, versions_slot((enum subject)key->kind, key->id));
}

/* Keeps a page, whose body is handed over, in this worker's cache, unless it would drive too many
 * others out. A reference is the caller's. */
static struct http_content *keep(struct lookup *lookup, const struct flight_key *key,
                                 struct http_body body, int64_t expires_ms) {
    const size_t length = body.length;
    struct http_content *content = http_content_new("application/json", body);
    http_content_offer_gzip(content);
    if (length <= lookup->settings.cache_bytes / LARGEST_SHARE) {
        local_cache_store(lookup->cache, &key->page, key->version, content, expires_ms);
    }
    return content;
}

/* A page that is there already, with a reference for the caller, or NULL. */
static struct http_content *find(struct lookup *lookup, const struct flight_key *key) {
    int64_t now_ms = clock_ms();
    struct http_content *content =
        local_cache_find(lookup->cache, &key->page, key->version, now_ms);
    if (content) {
        return http_content_retain(content);
    }
    struct ring_page page;
    if (!lookup->settings.ring ||
        !ring_find(lookup->settings.ring, &key->page, key->version, now_ms, &page)) {
        return NULL;
    }
    lookup->ring_hits++;
    return keep(lookup, key, (struct http_body){page.body, page.length, free, page.body},
                page.expires_ms);
}

/* Keeps what a query made, whose body is handed over. A reference is the caller's. */
static struct http_content *keep_made(struct flight *flight, struct http_body body) {
    struct lookup *lookup = flight->lookup;
    struct flight_key key = flight->key;
#ifdef QA_FAULT_NOTE_AFTER_QUERY
    /* A deliberate fault, which tests/e2e/test_coherence.py must notice. */
    key.version = note_version(lookup, &key.page);
#endif
    int64_t lifetime_ms = lookup->settings.lifetime_ms;
    int64_t expires_ms =
        clock_ms() + (flight->max_age_ms < lifetime_ms ? flight->max_age_ms : lifetime_ms);
    if (lookup->settings.ring) {
        ring_store(lookup->settings.ring, &key.page, key.version, body.data, body.length,
                   expires_ms);
    }
    return keep(lookup, &key, body, expires_ms);
}

static void respond_all(struct flight *flight, enum query_outcome failure, const PGresult *result,
                        struct http_content *content) {
    const PGresult *unlogged = result;
    struct http_request *request;
    while ((request = TAILQ_FIRST(&flight->requests))) {
        TAILQ_REMOVE(&flight->requests, request, queue);
        if (content) {
            http_respond_with(request, content);
        } else {
            flight->lookup->settings.on_failure(request, failure, unlogged);
            unlogged = NULL;
        }
    }
}

static struct flight *find_flight_of(struct lookup *lookup, const struct flight_key *key) {
    struct flight *flight;
    HASH_FIND(hh, lookup->flights, key, sizeof *key, flight);
    return flight;
}

/* One that a request may join which has noted the key's version. */
static struct flight *find_flight(struct lookup *lookup, const struct flight_key *key) {
    struct flight *flight = find_flight_of(lookup, key);
    const struct flight_key waiting = {.page = key->page, .version = none_yet};
    return flight ? flight : find_flight_of(lookup, &waiting);
}

static void list_flight(struct flight *flight) {
    if (flight->lookup->cache) {
        HASH_ADD(hh, flight->lookup->flights, key, sizeof flight->key, flight);
    }
}

static void unlist_flight(struct flight *flight) {
    if (flight->lookup->cache) {
        HASH_DEL(flight->lookup->flights, flight);
    }
}

static struct flight *add_flight(struct lookup *lookup, const struct page_key *key) {
    struct flight *flight = memory_calloc(1, sizeof *flight);
    flight->key = (struct flight_key){.page = *key, .version = none_yet};
    flight->lookup = lookup;
    TAILQ_INIT(&flight->requests);
    list_flight(flight);
    return flight;
}

/* What the query shows is no older than what is noted here, even if it is sent once more. */
static void on_send(void *owner) {
    struct flight *flight = owner;
    struct lookup *lookup = flight->lookup;
    if (flight->is_sent) {
        return;
    }
    flight->is_sent = true;
    unlist_flight(flight);
    flight->key.version = note_version(lookup, &flight->key.page);
    flight->max_age_ms = versions_max_age_ms(lookup->versions, clock_ms());
    list_flight(flight);
}

static void on_page(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    struct flight *flight = owner;
    struct lookup *lookup = flight->lookup;
    unlist_flight(flight);
    struct http_content *content = NULL;
    if (outcome == QUERY_DONE) {
        struct http_body body = result_body_copy(result, row, 0);
        weights_note(lookup->weights, &flight->key.page, body.length);
        content =
            lookup->cache ? keep_made(flight, body) : http_content_new("application/json", body);
    }
    respond_all(flight, outcome, result, content);
    if (content) {
        http_content_release(content);
    }
    free(flight);
}

/* How many rows are before the page: INT64_MAX - count when that many, or the page's own after
 * them, cannot be counted. */
static int64_t offset_of(const struct page_key *key) {
    const int64_t most = INT64_MAX - key->count;
    return key->page - 1 > most / key->count ? most : (key->page - 1) * key->count;
}

/* Sends the query of a page: all that its statement takes is in the key, or the same for all. */
static void send_query(struct flight *flight) {
    struct lookup *lookup = flight->lookup;
    const struct page_key *key = &flight->key.page;
    struct call call = {
        .on_send = on_send, .on_done = on_page, .owner = flight, .weight = key->count};
    call_add_int64(&call, key->id);
    if (key->kind == SUBJECT_PRODUCT) {
        call.statement = STATEMENT_LIST_QUESTIONS;
        call_add_int64(&call, key->count);
        call_add_int64(&call, offset_of(key));
        call_add_int64(&call, lookup->settings.answers_per_question);
    } else {
        call.statement = STATEMENT_LIST_ANSWERS;
        call_add_int64(&call, key->page);
        call_add_int64(&call, key->count);
        call_add_int64(&call, offset_of(key));
    }
    bool is_large = weights_is_large(lookup->weights, key);
    pool_submit(lookup->pool, is_large ? LANE_LARGE_READS : LANE_READS, &call);
}

static bool serve_ready_page(struct lookup *lookup, struct http_request *request,
                             const struct flight_key *key) {
    struct http_content *content = find(lookup, key);
    if (content) {
        http_respond_with(request, content);
        http_content_release(content);
    }
    return content != NULL;
}

void lookup_serve(struct lookup *lookup, struct http_request *request,
                  const struct page_key *page) {
    struct flight *flight = NULL;
    if (lookup->cache) {
        /* Noted before everything else: what is found from here on is no older. */
        const struct flight_key key = {.page = *page, .version = note_version(lookup, page)};
        if (serve_ready_page(lookup, request, &key)) {
            return;
        }
        flight = find_flight(lookup, &key);
    }
    if (flight) {
        TAILQ_INSERT_TAIL(&flight->requests, request, queue);
        return;
    }
    flight = add_flight(lookup, page);
    TAILQ_INSERT_TAIL(&flight->requests, request, queue);
    send_query(flight);
}

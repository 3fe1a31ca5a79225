/* A query of a page, and the requests that wait for it. */
#include "pages/flights.h"

#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "pages/made_page.h"
#include "pages/page_query.h"
#include "pages/page_version.h"
#include "pages/weights.h"

#include <stddef.h>
#include <stdlib.h>

#define uthash_malloc(size) memory_allocate(size)
#include <uthash.h>

static const struct version none_yet = {.counter = UINT64_MAX, .epoch = UINT64_MAX};

struct flight {
    /* What it is found by. */
    struct page_key key;
    struct version version; /* noted when it was sent; while it waits: `none_yet` */

    struct flights *flights;
    char *text; /* of the page, owned; NULL: none */
    bool is_sent;
    bool asks_standby;
    uint64_t replay_needed; /* by a standby, so that its page counts; once it is sent */
    int64_t max_age_ms;     /* how long the page may be kept; once it is sent */
    struct call_times times;
    struct http_request_queue requests;
    UT_hash_handle hh;
};

enum { FOUND_BY_BYTES = sizeof(struct page_key) + sizeof(struct version) };

_Static_assert(offsetof(struct flight, flights) == FOUND_BY_BYTES, "no padding");

enum { FIRST_PAGE_COUNT = 5 /* questions on a ready-made page */ };

struct flights {
    struct pool *pool;
    const struct versions *versions;
    const struct lookup_settings *settings;
    struct flight *all; /* where requests find them; none while the cache is off */
    uint64_t first_page_queries;
    struct standbys *standbys;     /* NULL: none serve reads */
    metrics_number *standby_reads; /* by what became of them */
    struct weights *weights;
};

struct flights *flights_new(struct pool *pool, const struct versions *versions,
                            const struct lookup_settings *settings) {
    struct flights *flights = memory_calloc(1, sizeof *flights);
    flights->pool = pool;
    flights->versions = versions;
    flights->settings = settings;
    flights->standbys = settings->lease ? pool_standbys(pool) : NULL;
    flights->standby_reads = metrics_or_unseen(settings->metrics)->standbys.reads;
    flights->weights = weights_new();
    return flights;
}

void flights_free(struct flights *flights) {
    weights_free(flights->weights);
    free(flights);
}

uint64_t flights_first_page_queries(const struct flights *flights) {
    return flights->first_page_queries;
}

static struct flight *find(struct flights *flights, const struct page_key *key,
                           struct version version) {
    const struct flight sought = {.key = *key, .version = version};
    struct flight *flight;
    HASH_FIND(hh, flights->all, &sought.key, FOUND_BY_BYTES, flight);
    return flight;
}

static bool join(struct flight *flight, struct http_request *request) {
    if (flight) {
        TAILQ_INSERT_TAIL(&flight->requests, request, queue);
    }
    return flight != NULL;
}

bool flights_join(struct flights *flights, struct http_request *request, const struct page_key *key,
                  struct version version) {
    return join(find(flights, key, version), request) || flights_join_unsent(flights, request, key);
}

bool flights_join_unsent(struct flights *flights, struct http_request *request,
                         const struct page_key *key) {
    return join(find(flights, key, none_yet), request);
}

static void list_flight(struct flight *flight) {
    if (flight->flights->settings->ring) {
        HASH_ADD(hh, flight->flights->all, key, FOUND_BY_BYTES, flight);
    }
}

static void unlist_flight(struct flight *flight) {
    if (flight->flights->settings->ring) {
        HASH_DEL(flight->flights->all, flight);
    }
}

static struct flight *add_flight(struct flights *flights, const struct page_wish *wish,
                                 bool asks_standby) {
    struct flight *flight = memory_calloc(1, sizeof *flight);
    flight->key = wish->key;
    flight->text = wish->text ? memory_strdup(wish->text) : NULL;
    flight->version = none_yet;
    flight->asks_standby = asks_standby;
    flight->flights = flights;
    TAILQ_INIT(&flight->requests);
    list_flight(flight);
    return flight;
}

static void free_flight(struct flight *flight) {
    free(flight->text);
    free(flight);
}

/* What the query shows is no older than what is noted here, even if it is sent once more, to the
 * primary then. A standby needs a lease: else nobody knows what it must have replayed. */
static void on_send(void *owner) {
    struct flight *flight = owner;
    struct flights *flights = flight->flights;
    if (flight->is_sent) {
        return;
    }
    const struct shared_memory *lease = flights->settings->lease;
    int64_t until_us = flight->asks_standby ? shared_memory_leased_until_us(lease) : 0;
    int64_t round_us = flight->asks_standby ? shared_memory_round_us(lease) : 0;
    flight->is_sent = true;
    unlist_flight(flight);
    flight->version = page_version_note(flights->versions, &flight->key, flight->text);
    if (flight->asks_standby) {
        flight->replay_needed =
            page_version_replay_needed(flights->versions, &flight->key, flight->text, round_us);
        flight->replay_needed = clock_us() < until_us ? flight->replay_needed : UINT64_MAX;
    }
    flight->max_age_ms = versions_max_age_ms(flights->versions, clock_ms());
    list_flight(flight);
}

/* Counts say in few bytes what took long. A list's pages are weighed by what they show alone: a
 * busy database makes all of them slow. */
static size_t weight_of(const struct flight *flight, size_t bytes) {
    enum { SLOW_US = 10000 };
    bool is_slow = flight->key.count == 0 && call_times_db_us(&flight->times) >= SLOW_US;
    return is_slow ? WEIGHTS_LARGE_BYTES : bytes;
}

/* Whether what a standby has said counts; it is counted what became of the read. */
static bool is_served_by_standby(const struct flight *flight, enum query_outcome outcome) {
    const struct flights *flights = flight->flights;
    bool is_behind = flight->times.replayed < flight->replay_needed;
#ifdef QA_FAULT_STANDBY_UNCHECKED
    is_behind = false; /* A deliberate fault, which tests/e2e/test_standby_reads.py must notice. */
#endif
    enum metrics_standby_read what = outcome != QUERY_DONE ? METRICS_STANDBY_FAILED
                                     : is_behind           ? METRICS_STANDBY_BEHIND
                                                           : METRICS_STANDBY_SERVED;
    metrics_add(&flights->standby_reads[what], 1);
    if (outcome == QUERY_DONE) {
        standbys_note(flights->standbys, is_behind);
    }
    return what == METRICS_STANDBY_SERVED;
}

static void note_times(struct flight *flight) {
    struct http_request *request;
    TAILQ_FOREACH(request, &flight->requests, queue) {
        request->timing.query = flight->times;
    }
}

static void fail_all(struct flight *flight, enum query_outcome outcome, const PGresult *result) {
    struct http_request *request;
    while ((request = http_request_take(&flight->requests))) {
        flight->flights->settings->on_failure(request, outcome, result);
        result = NULL;
    }
}

static void miss_all(struct flight *flight) {
    struct http_request *request;
    while ((request = http_request_take(&flight->requests))) {
        flight->flights->settings->on_missing(request, &flight->key);
    }
}

static void serve_all(struct flight *flight, const PGresult *result, int row) {
    struct flights *flights = flight->flights;
    struct version version = flight->version;
    struct made_page made = made_page_of(&flight->key, result, row);
    weights_note(flights->weights, &flight->key, weight_of(flight, made.page.length[RING_PLAIN]));
#ifdef QA_FAULT_NOTE_AFTER_QUERY
    /* A deliberate fault, which tests/e2e/test_coherence.py must notice. */
    version = page_version_note(flights->versions, &flight->key, flight->text);
#endif
    if (flights->settings->ring) {
        made_page_keep(&made, flights->settings, version, flight->max_age_ms, &flight->requests);
    }
    made_page_respond(&made, flights->settings, &flight->requests);
}

static void send_query(struct flight *flight);

static void on_page(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    struct flight *flight = owner;
    if (flight->asks_standby && !is_served_by_standby(flight, outcome)) {
        flight->asks_standby = false;
        send_query(flight);
        return;
    }
    unlist_flight(flight);
    note_times(flight);
    if (outcome != QUERY_DONE) {
        fail_all(flight, outcome, result);
    } else if (row < 0) {
        miss_all(flight);
    } else {
        serve_all(flight, result, row);
    }
    free_flight(flight);
}

/* What a standby has taken of the deadline, in vain. */
static int64_t spent_ms(const struct flight *flight) {
    enum { US_PER_MS = 1000 };
    return (flight->times.completed_us - flight->times.submitted_us) / US_PER_MS;
}

/* Sends the query of a page. */
static void send_query(struct flight *flight) {
    struct flights *flights = flight->flights;
    const struct page_key *key = &flight->key;
    const struct page_query query = {.key = key,
                                     .text = flight->text,
                                     .answers_per_question =
                                         flights->settings->answers_per_question,
                                     .is_for_standby = flight->asks_standby};
    struct call call = {.on_send = on_send,
                        .on_done = on_page,
                        .owner = flight,
                        .told = &flight->times,
                        .spent_ms = spent_ms(flight),
                        .weight = key->count};
    page_query_put(&query, &call);
    flights->first_page_queries += call.statement == STATEMENT_LIST_QUESTIONS && key->page == 1 &&
                                   key->count == FIRST_PAGE_COUNT;
    bool is_search = flight->text && page_key_is_list(key);
    bool is_large = is_search || weights_is_large(flights->weights, key);
    if (flight->asks_standby) {
        standbys_submit(flights->standbys, is_large, &call);
    } else {
        pool_submit(flights->pool, is_large ? LANE_LARGE_READS : LANE_READS, &call);
    }
}

void flights_start(struct flights *flights, struct http_request *request,
                   const struct page_wish *wish, bool may_ask_standby) {
    bool asks_standby = may_ask_standby && standbys_are_ready(flights->standbys);
    struct flight *flight = add_flight(flights, wish, asks_standby);
    TAILQ_INSERT_TAIL(&flight->requests, request, queue);
    send_query(flight);
}

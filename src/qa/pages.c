/* Pages of lists: caches, queries shared by identical requests, queries. */
#include "qa/pages.h"

#include "http/content.h"
#include "ops/clock.h"
#include "qa/outcome.h"

#include <stdlib.h>

/* A request makes do with a query of its own when the table cannot grow. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <xxhash.h>

/* What a query is shared by: the page, and once it is sent the generation as well. Compared byte by
 * byte. */
struct flight_key {
    struct page_key page;
    struct generation generation; /* while it waits: `none_yet` */
};

static const struct generation none_yet = {.counter = UINT64_MAX, .epoch = UINT64_MAX};

_Static_assert(sizeof(struct flight_key) == 6 * sizeof(int64_t), "no padding");

/* A query that waits or is under way, and the requests that wait for it. */
struct flight {
    struct flight_key key;
    struct pages *pages;
    size_t slot;
    bool is_listed; /* in pages->flights, where others find it */
    bool is_sent;
    int64_t trust_ms; /* how long the page may be kept; once it is sent */
    struct http_request_line requests;
    UT_hash_handle hh;
};

enum {
    LARGE_BYTES = 256 * 1024, /* of a page that is made in a millisecond or more */
    KNOWN_PAGES = 64 * 1024,  /* a power of two */
    LARGEST_SHARE = 16        /* a part of the cache that one page may take */
};

struct pages {
    struct pool *pool;
    const struct generations *generations;
    struct pages_settings settings;
    struct page_cache *cache; /* NULL: off */
    struct flight *flights;
    uint64_t shared_hits;
    bool was_large[KNOWN_PAGES]; /* the page with this hash, when it was last made */
};

bool page_is_large(int64_t count, int64_t offset) {
    enum { MANY_SHOWN = 50, MANY_SKIPPED = 1000 };
    return count >= MANY_SHOWN || offset >= MANY_SKIPPED;
}

struct pages *pages_new(struct pool *pool, const struct generations *generations,
                        const struct pages_settings *settings) {
    struct pages *pages = calloc(1, sizeof *pages);
    if (!pages) {
        return NULL;
    }
    pages->pool = pool;
    pages->generations = generations;
    pages->settings = *settings;
    if (settings->cache_bytes > 0) {
        pages->cache = page_cache_new(settings->cache_bytes);
        if (!pages->cache) {
            free(pages);
            return NULL;
        }
    }
    return pages;
}

void pages_free(struct pages *pages) {
    if (pages->cache) {
        page_cache_free(pages->cache);
    }
    free(pages);
}

struct pages_counts pages_counts(const struct pages *pages) {
    if (!pages->cache) {
        return (struct pages_counts){0};
    }
    struct page_cache_counts counts = page_cache_counts(pages->cache);
    return (struct pages_counts){.hits = counts.hits,
                                 .shared_hits = pages->shared_hits,
                                 .misses = counts.misses - pages->shared_hits};
}

/* Keeps a page, whose body is handed over, in this worker's cache, unless it would drive too many
 * others out. A reference is the caller's. NULL when out of memory. */
static struct http_content *keep(struct pages *pages, const struct flight_key *key,
                                 struct http_body body, int64_t expires_ms) {
    const size_t length = body.length;
    struct http_content *content = http_content_new("application/json", body);
    if (content) {
        http_content_offer_gzip(content);
        if (length <= pages->settings.cache_bytes / LARGEST_SHARE) {
            page_cache_store(pages->cache, &key->page, key->generation, content, expires_ms);
        }
    }
    return content;
}

/* A page that is there already, with a reference for the caller, or NULL. */
static struct http_content *find(struct pages *pages, const struct flight_key *key) {
    int64_t now_ms = clock_ms();
    struct http_content *content =
        page_cache_find(pages->cache, &key->page, key->generation, now_ms);
    if (content) {
        return http_content_retain(content);
    }
    struct shared_page page;
    if (!pages->settings.shared ||
        !shared_pages_find(pages->settings.shared, &key->page, key->generation, now_ms, &page)) {
        return NULL;
    }
    content = keep(pages, key, (struct http_body){page.body, page.length, free, page.body},
                   page.expires_ms);
    pages->shared_hits += content != NULL;
    return content;
}

/* Keeps what a query made, copied, since a PGresult takes some KiB more than its one value. NULL
 * when out of memory. */
static struct http_content *keep_result(struct flight *flight, const PGresult *result) {
    struct pages *pages = flight->pages;
    struct http_body body = body_of_value(result, 0, 0);
    if (!body.data) {
        return NULL;
    }
    struct flight_key key = flight->key;
#ifdef QA_FAULT_NOTE_AFTER_QUERY
    /* A deliberate fault, which tests/e2e/test_coherence.py must notice. */
    key.generation = generations_note(pages->generations, flight->slot);
#endif
    int64_t lifetime_ms = pages->settings.lifetime_ms;
    int64_t expires_ms =
        clock_ms() + (flight->trust_ms < lifetime_ms ? flight->trust_ms : lifetime_ms);
    if (pages->settings.shared) {
        shared_pages_store(pages->settings.shared, &key.page, key.generation, body.data,
                           body.length, expires_ms);
    }
    return keep(pages, &key, body, expires_ms);
}

static bool *was_large(struct pages *pages, const struct page_key *key) {
    return &pages->was_large[XXH3_64bits(key, sizeof *key) & (KNOWN_PAGES - 1)];
}

static void respond_all(struct flight *flight, enum query_outcome failure, const PGresult *result,
                        struct http_content *content) {
    const PGresult *unlogged = result;
    struct http_request *request;
    while ((request = TAILQ_FIRST(&flight->requests))) {
        TAILQ_REMOVE(&flight->requests, request, line);
        if (content) {
            http_respond_with(request, content);
        } else {
            respond_read_failure(request, failure, unlogged);
            unlogged = NULL;
        }
    }
}

static struct flight *find_flight_of(struct pages *pages, const struct flight_key *key) {
    struct flight *flight;
    HASH_FIND(hh, pages->flights, key, sizeof *key, flight);
    return flight;
}

/* One that a request may join which has noted the key's generation. */
static struct flight *find_flight(struct pages *pages, const struct flight_key *key) {
    struct flight *flight = find_flight_of(pages, key);
    const struct flight_key waiting = {.page = key->page, .generation = none_yet};
    return flight ? flight : find_flight_of(pages, &waiting);
}

/* Where there is no memory for the list others do not find the flight. */
static void list_flight(struct flight *flight) {
    HASH_ADD(hh, flight->pages->flights, key, sizeof flight->key, flight);
    flight->is_listed = flight->hh.tbl != NULL;
}

static void unlist_flight(struct flight *flight) {
    if (flight->is_listed) {
        HASH_DEL(flight->pages->flights, flight);
        flight->is_listed = false;
    }
}

/* NULL when out of memory. */
static struct flight *add_flight(struct pages *pages, const struct page_query *query) {
    struct flight *flight = calloc(1, sizeof *flight);
    if (!flight) {
        return NULL;
    }
    flight->key = (struct flight_key){.page = query->key, .generation = none_yet};
    flight->pages = pages;
    flight->slot = query->slot;
    TAILQ_INIT(&flight->requests);
    if (pages->cache) {
        list_flight(flight);
    }
    return flight;
}

/* What the query shows is no older than what is noted here, even if it is sent once more. */
static void on_send(void *owner) {
    struct flight *flight = owner;
    struct pages *pages = flight->pages;
    if (flight->is_sent) {
        return;
    }
    flight->is_sent = true;
    bool was_listed = flight->is_listed;
    unlist_flight(flight);
    flight->key.generation = generations_note(pages->generations, flight->slot);
    flight->trust_ms = generations_trust_ms(pages->generations, clock_ms());
    if (was_listed) {
        list_flight(flight);
    }
}

static void on_page(void *owner, enum query_outcome outcome, PGresult *result) {
    struct flight *flight = owner;
    struct pages *pages = flight->pages;
    unlist_flight(flight);
    struct http_content *content = NULL;
    if (outcome == QUERY_DONE) {
        outcome = QUERY_REFUSED; /* should there be no memory */
        *was_large(pages, &flight->key.page) = PQgetlength(result, 0, 0) >= LARGE_BYTES;
        if (pages->cache) {
            content = keep_result(flight, result);
        } else {
            content = http_content_new("application/json", body_of_result(result));
            result = NULL;
        }
    }
    respond_all(flight, outcome, result, content);
    if (content) {
        http_content_release(content);
    }
    PQclear(result);
    free(flight);
}

static void send_query(struct flight *flight, const struct page_query *query) {
    struct pages *pages = flight->pages;
    bool is_large = query->is_large || *was_large(pages, &query->key);
    pool_read(pages->pool, query->statement, query->parameter_count, query->parameters, is_large,
              on_send, on_page, flight);
}

static bool serve_ready_page(struct pages *pages, struct http_request *request,
                             const struct flight_key *key) {
    struct http_content *content = find(pages, key);
    if (content) {
        http_respond_with(request, content);
        http_content_release(content);
    }
    return content != NULL;
}

void pages_serve(struct pages *pages, struct http_request *request,
                 const struct page_query *query) {
    struct flight *flight = NULL;
    if (pages->cache) {
        /* Noted before everything else: what is found from here on is no older. */
        const struct flight_key key = {
            .page = query->key, .generation = generations_note(pages->generations, query->slot)};
        if (serve_ready_page(pages, request, &key)) {
            return;
        }
        flight = find_flight(pages, &key);
    }
    bool is_first = !flight;
    if (is_first) {
        flight = add_flight(pages, query);
    }
    if (!flight) {
        respond_read_failure(request, QUERY_REFUSED, NULL);
        return;
    }
    TAILQ_INSERT_TAIL(&flight->requests, request, line);
    if (is_first) {
        send_query(flight, query);
    }
}

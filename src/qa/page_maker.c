/* Makes product pages ready while there is time. */
#include "qa/page_maker.h"

#include "ops/clock.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    REST_MS = 5000,              /* when all are ready, or none can be made */
    LOOK_AGAIN_MS = 3600 * 1000, /* for missing pages, which somebody has dropped unseen */
    LOAD_MS = 100,               /* over which the load is measured, at least */
    BUSY_PERCENT = 5,            /* of a processor, used by this worker */
    STEP_MS = 20,                /* which a step should not take longer than */
    PRODUCTS_MAX = 200           /* in a step */
};

/* For each millisecond of work so many of pause. */
enum { PAUSE_IDLE = 1, PAUSE_BUSY = 49 };

/* Where make_pages() need not look for missing pages: after all products. */
static const int64_t all_looked_at = INT32_MAX;

struct page_maker {
    struct event *next_step;
    struct pool *pool;
    const struct generations *generations;
    const struct logger *logger;
    struct page_maker_settings settings;
    int64_t changed_after; /* the product after which the next step looks for changed ones */
    int64_t missing_after; /* ... and for missing pages */
    int64_t products;      /* at most, of the next step */
    uint64_t made;         /* since it began */
    uint64_t epoch;
    int64_t began_ms;
    int64_t step_began_ms;
    int64_t load_since_ms;
    int64_t load_cpu_ms; /* at that time */
    bool is_busy;
    bool begins; /* with the first product, in the next step */
    bool in_flight;
    bool has_failed; /* and told */
    bool closed;
};

static int64_t cpu_ms(void) {
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void measure_load(struct page_maker *maker) {
    int64_t elapsed_ms = clock_ms() - maker->load_since_ms;
    if (elapsed_ms >= LOAD_MS) {
        int64_t used_ms = cpu_ms() - maker->load_cpu_ms;
        maker->is_busy = used_ms * 100 > elapsed_ms * BUSY_PERCENT;
        maker->load_since_ms += elapsed_ms;
        maker->load_cpu_ms += used_ms;
    }
}

static void pause_for(struct page_maker *maker, int64_t ms) {
    const struct timeval delay = clock_duration(ms);
    if (!maker->closed) {
        event_add(maker->next_step, &delay);
    }
}

/* A product to go on after, or `otherwise`. */
static int64_t product_of(const PGresult *result, int column, int64_t otherwise) {
    return PQgetisnull(result, 0, column) ? otherwise
                                          : strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

/* What a step has done; false: there is nothing more to do, or somebody else is doing it. */
static bool take_over(struct page_maker *maker, const PGresult *result) {
    enum { MADE, CHANGED_TO, MISSING_TO };
    if (PQgetisnull(result, 0, MADE)) {
        return false;
    }
    bool looked_for_missing = maker->missing_after != all_looked_at;
    uint64_t made = strtoull(PQgetvalue(result, 0, MADE), NULL, 10);
    bool was_first_lap = maker->changed_after == 0;
    maker->made += made;
    maker->changed_after = product_of(result, CHANGED_TO, 0);
    maker->missing_after = product_of(result, MISSING_TO, all_looked_at);
    if (looked_for_missing && maker->missing_after == all_looked_at && maker->made > 0) {
        log_write(maker->logger, LOG_LEVEL_INFO, "the product pages are ready", "{s:I}", "made",
                  (long long)maker->made);
    }
    return made > 0 || !was_first_lap || maker->missing_after != all_looked_at;
}

static void tell_failure(struct page_maker *maker, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (result && !maker->has_failed) {
        maker->has_failed = true;
        log_write(maker->logger, LOG_LEVEL_ERROR, "product pages cannot be made ready",
                  "{s:s, s:s}", "sqlstate", state ? state : "", "reason", message ? message : "");
    }
}

/* The next step is half as large, or twice. */
static void resize_step(struct page_maker *maker, bool smaller) {
    if (smaller) {
        maker->products = maker->products > 1 ? maker->products / 2 : 1;
    } else {
        maker->products = maker->products < PRODUCTS_MAX / 2 ? maker->products * 2 : PRODUCTS_MAX;
    }
}

static void on_step_done(void *owner, enum query_outcome outcome, PGresult *result) {
    struct page_maker *maker = owner;
    int64_t took_ms = clock_ms() - maker->step_began_ms;
    took_ms = took_ms < 1 ? 1 : took_ms;
    int64_t pause_ms = REST_MS;
    maker->in_flight = false;
    measure_load(maker);
    if (outcome == QUERY_DONE) {
        maker->has_failed = false;
        if (take_over(maker, result)) {
            pause_ms = took_ms * (maker->is_busy ? PAUSE_BUSY : PAUSE_IDLE);
        }
    } else {
        tell_failure(maker, result);
    }
    resize_step(maker, outcome != QUERY_DONE || took_ms > STEP_MS);
    pause_for(maker, pause_ms);
    PQclear(result);
}

static void on_next_step(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct page_maker *maker = argument;
    uint64_t epoch = generations_note(maker->generations, 0).epoch;
    int64_t now_ms = clock_ms();
    if (maker->begins || epoch != maker->epoch || now_ms - maker->began_ms > LOOK_AGAIN_MS) {
        maker->begins = false;
        maker->began_ms = now_ms;
        maker->epoch = epoch;
        maker->missing_after = 0;
        maker->made = 0;
    }
    const int64_t numbers[] = {maker->changed_after, maker->missing_after, maker->products,
                               maker->settings.most_answers};
    enum { PARAMETERS = sizeof numbers / sizeof *numbers };
    char texts[PARAMETERS][24];
    const char *parameters[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRId64, numbers[i]);
        parameters[i] = texts[i];
    }
    maker->in_flight = true;
    maker->step_began_ms = now_ms;
    pool_write(maker->pool, STATEMENT_MAKE_PAGES, PARAMETERS, parameters,
               now_ms + maker->settings.deadline_ms, on_step_done, maker);
}

struct page_maker *page_maker_new(struct event_base *base, struct pool *pool,
                                  const struct generations *generations,
                                  const struct logger *logger,
                                  const struct page_maker_settings *settings) {
    struct page_maker *maker = calloc(1, sizeof *maker);
    if (!maker) {
        return NULL;
    }
    maker->pool = pool;
    maker->generations = generations;
    maker->logger = logger;
    maker->settings = *settings;
    maker->products = 1;
    maker->next_step = evtimer_new(base, on_next_step, maker);
    if (!maker->next_step) {
        free(maker);
        return NULL;
    }
    return maker;
}

void page_maker_begin(struct page_maker *maker) {
    maker->begins = true;
    if (!maker->in_flight) {
        pause_for(maker, 0);
    }
}

void page_maker_close(struct page_maker *maker) {
    maker->closed = true;
    event_del(maker->next_step);
}

void page_maker_free(struct page_maker *maker) {
    event_free(maker->next_step);
    free(maker);
}

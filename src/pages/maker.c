/* Makes product pages ready while there is time. */
#include "pages/maker.h"

#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "ops/timer.h"
#include "pages/pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    REST_MS = 5000,              /* when all are ready, or the database refuses */
    RETRY_MS = 1000,             /* after a failure, and in a pause */
    LOG_AGAIN_MS = 10 * 1000,    /* of a page that cannot be made, when it is another one */
    LOOK_AGAIN_MS = 3600 * 1000, /* for missing pages, which somebody has dropped unseen */
    TRIES = 2                    /* of one product's page, before others go on without it */
};

/* Where make_pages() need not look for changed or missing pages: after all products. */
static const int64_t all_looked_at = INT32_MAX;

struct maker {
    struct timer next_step;
    struct pool *pool;
    const struct versions *versions;
    const struct logger *logger;
    struct maker_settings settings;
    struct metrics_maker *metrics;
    int64_t changed_after; /* the product after which this lap looks for changed ones */
    int64_t looked_after;  /* ... after which the last step has done so */
    int64_t missing_after; /* ... and for missing pages */
    struct pace pace;
    uint64_t made; /* since it began */
    uint64_t epoch;
    int64_t began_ms;
    bool begins; /* with the first product, in the next step */
    bool in_flight;
    int failed_tries;       /* of a step of one product */
    char reason[200];       /* ... for the log */
    int64_t failed_product; /* logged last; 0: none */
    int64_t failed_logged_ms;
    bool closed;
};

/* What is to be known of a step that succeeded. */
struct maker_step {
    uint64_t made;
    bool lap_ends; /* all changed products were looked at, and no page is missing */
    bool has_more; /* to do */
};

static int64_t cpu_ms(void) {
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void pause_for(struct maker *maker, int64_t ms) {
    if (!maker->closed) {
        timer_start(&maker->next_step, ms);
    }
}

/* As a write, so that no reader waits for it. */
static void send_call(struct maker *maker, struct call *call) {
    maker->in_flight = true;
    pool_submit(maker->pool, LANE_WRITES, call);
}

/* A product to go on after, or `otherwise`. */
static int64_t product_of(const PGresult *result, int column, int64_t otherwise) {
    return PQgetisnull(result, 0, column) ? otherwise
                                          : strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

/* What a step has done. */
static void take_over(struct maker *maker, const PGresult *result, struct maker_step *step) {
    enum { MADE, CHANGED_TO, MISSING_TO };
    *step = (struct maker_step){0};
    if (PQgetisnull(result, 0, MADE)) {
        return; /* somebody else is doing it */
    }
    bool looked_for_missing = maker->missing_after != all_looked_at;
    bool has_dropped = !PQgetisnull(result, 0, MISSING_TO) && PQgetisnull(result, 0, CHANGED_TO) &&
                       product_of(result, MISSING_TO, 0) == 0;
    step->made = strtoull(PQgetvalue(result, 0, MADE), NULL, 10);
    maker->made += step->made;
    maker->changed_after = product_of(result, CHANGED_TO, 0);
    maker->missing_after = product_of(result, MISSING_TO, all_looked_at);
    if (has_dropped) {
        log_write(maker->logger, LOG_LEVEL_WARNING,
                  "all product pages were dropped: changes came faster than pages were made", NULL);
    }
    if (looked_for_missing && maker->missing_after == all_looked_at && maker->made > 0) {
        log_write(maker->logger, LOG_LEVEL_INFO, "the product pages are ready", "{s:I}", "made",
                  (long long)maker->made);
    }
    step->lap_ends = maker->changed_after == 0 && maker->missing_after == all_looked_at;
    step->has_more = step->made > 0 || maker->looked_after > 0 || !step->lap_ends;
}

/* Why the last step failed, for the log. */
static void keep_reason(struct maker *maker, enum query_outcome outcome, const PGresult *result) {
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(maker->reason, sizeof maker->reason, "%s",
             message                    ? message
             : outcome == QUERY_EXPIRED ? "it takes longer than the statement timeout"
             : outcome == QUERY_LOCKED  ? "somebody else holds a lock"
                                        : "the database is away or busy");
}

/* Once, and again after an hour; where many pages cannot be made, one in ten seconds. */
static void log_passed_over(struct maker *maker, int64_t product) {
    int64_t now_ms = clock_ms();
    int64_t silent_ms = maker->failed_product == product ? LOOK_AGAIN_MS : LOG_AGAIN_MS;
    if (maker->failed_product == 0 || now_ms - maker->failed_logged_ms > silent_ms) {
        log_write(maker->logger, LOG_LEVEL_ERROR, "a product page cannot be made ready",
                  "{s:I, s:s}", "product_id", (long long)product, "reason", maker->reason);
        maker->failed_product = product;
        maker->failed_logged_ms = now_ms;
    }
}

/* Goes on after the product whose page could not be made. */
static void on_next_page(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    (void)row;
    enum { CHANGED, MISSING };
    struct maker *maker = owner;
    int64_t pause_ms = REST_MS; /* when it is the same one again */
    maker->in_flight = false;
    if (outcome == QUERY_DONE) {
        int64_t changed = product_of(result, CHANGED, 0);
        int64_t missing = product_of(result, MISSING, 0);
        if (changed > 0) {
            maker->changed_after = changed;
        } else if (missing > 0) {
            maker->missing_after = missing;
        }
        int64_t product = changed > 0 ? changed : missing;
        if (product > 0) {
            metrics_add(&maker->metrics->passed_over, 1);
            pause_ms = maker->failed_product == product ? REST_MS : RETRY_MS;
            log_passed_over(maker, product);
        }
        maker->failed_tries = 0;
    }
    pause_for(maker, pause_ms);
}

static void pass_over(struct maker *maker) {
    struct call call = {.statement = STATEMENT_NEXT_PAGE, .on_done = on_next_page, .owner = maker};
    call_add_int64(&call, maker->looked_after);
    call_add_int64(&call, maker->missing_after);
    call_add_int64(&call, maker->settings.most_answers);
    send_call(maker, &call);
}

/* How long to rest after a step. */
static int64_t end_step(struct maker *maker, const PGresult *result) {
    struct maker_step step;
    take_over(maker, result, &step);
    metrics_add(&maker->metrics->pages, step.made);
    metrics_add(&maker->metrics->laps, step.lap_ends);
    int64_t rest_ms = pace_end_step(
        &maker->pace,
        &(struct pace_step){.now_ms = clock_ms(),
                            .cpu_ms = cpu_ms(),
                            .queries = lookup_first_page_queries(maker->settings.lookup),
                            .made = step.made,
                            .lap_ends = step.lap_ends});
    return step.has_more ? rest_ms : REST_MS;
}

static void on_step_done(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    (void)row;
    struct maker *maker = owner;
    int64_t rest_ms = REST_MS;
    maker->in_flight = false;
    metrics_add(&maker->metrics->steps[outcome == QUERY_DONE ? METRICS_SUCCEEDED : METRICS_FAILED],
                1);
    if (outcome == QUERY_DONE) {
        maker->failed_tries = 0;
        rest_ms = end_step(maker, result);
    } else {
        if (outcome != QUERY_REFUSED) {
            keep_reason(maker, outcome, result);
            rest_ms = RETRY_MS;
            maker->failed_tries += maker->pace.products == 1;
        }
        pace_fail_step(&maker->pace); /* which one is it? */
    }
    if (maker->failed_tries < TRIES) {
        pause_for(maker, rest_ms);
    } else if (!maker->closed) {
        pass_over(maker);
    }
}

static void on_next_step(void *owner) {
    struct maker *maker = owner;
    if (pool_is_paused(maker->pool)) {
        pause_for(maker, RETRY_MS);
        return;
    }
    uint64_t epoch = versions_note(maker->versions, 0).epoch;
    int64_t now_ms = clock_ms();
    if (maker->begins || epoch != maker->epoch || now_ms - maker->began_ms > LOOK_AGAIN_MS) {
        maker->begins = false;
        maker->began_ms = now_ms;
        maker->epoch = epoch;
        maker->missing_after = 0;
        maker->made = 0;
    }
    bool lap_begins = maker->changed_after == 0;
    bool may_look = pace_begin_step(&maker->pace, now_ms, lap_begins);
    maker->looked_after = may_look ? maker->changed_after : all_looked_at;
    struct call call = {.statement = STATEMENT_MAKE_PAGES, .on_done = on_step_done, .owner = maker};
    call_add_int64(&call, maker->looked_after);
    call_add_int64(&call, maker->missing_after);
    call_add_int64(&call, maker->pace.products);
    call_add_int64(&call, maker->settings.most_answers);
    send_call(maker, &call);
}

struct maker *maker_new(struct event_base *base, struct pool *pool, const struct versions *versions,
                        const struct logger *logger, const struct maker_settings *settings) {
    struct maker *maker = memory_calloc(1, sizeof *maker);
    maker->pool = pool;
    maker->versions = versions;
    maker->logger = logger;
    maker->settings = *settings;
    maker->metrics = &metrics_or_unseen(settings->metrics)->maker;
    pace_init(&maker->pace, settings->workers);
    timer_init(&maker->next_step, base, on_next_step, maker);
    return maker;
}

void maker_begin(struct maker *maker) {
    maker->begins = true;
    if (!maker->in_flight) {
        pause_for(maker, 0);
    }
}

void maker_close(struct maker *maker) {
    maker->closed = true;
    timer_stop(&maker->next_step);
}

void maker_free(struct maker *maker) {
    timer_stop(&maker->next_step);
    free(maker);
}

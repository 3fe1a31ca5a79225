/* Statements on sessions of their own. */
#include "db/errand.h"

#include "db/attempts.h"
#include "db/notices.h"
#include "db/query.h"
#include "db/session_settings.h"
#include "ops/memory.h"
#include "ops/timer.h"
#include "ops/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { CONNECT_LIMIT_MS = 2000 /* of each attempt */ };

static const char limits_sql[] =
    "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', $1, false)";

/* One that runs. */
struct running {
    TAILQ_ENTRY(running) in_errands;
    struct errands *errands;
    struct errand errand; /* its parameters are owned */
    struct attempts *attempts;
    PGconn *session;
    struct watch readable;
    struct watch writable; /* only while libpq holds unsent bytes */
    struct timer limit;
    bool is_sent; /* the statements are; else the settings */
    int syncs;    /* of the statements, that have arrived */
    bool has_failed;
    bool result_open; /* a statement has a result; NULL, its end, follows */
    PGresult *result; /* of the last statement, or of the one that failed */
};

struct errands {
    struct event_base *base;
    struct errands_settings settings;
    struct server_address *address;
    struct resolver resolver;
    bool is_closed;
    size_t count;
    TAILQ_HEAD(, running) all;
};

static int statement_count(const struct errand *errand) {
    int count = 0;
    while (count < ERRAND_STATEMENTS_MAX && errand->statements[count]) {
        count++;
    }
    return count;
}

static void end(struct running *running, enum errand_outcome outcome, const char *reason) {
    struct errands *errands = running->errands;
    char kept[ATTEMPTS_REASON_SIZE] = "";
    notices_add_reason(kept, sizeof kept, reason ? reason : ""); /* before the session goes */
    if (running->attempts) {
        attempts_cancel(running->attempts);
    }
    timer_stop(&running->limit);
    watch_stop(&running->readable);
    watch_stop(&running->writable);
    PQfinish(running->session);
    TAILQ_REMOVE(&errands->all, running, in_errands);
    errands->count--;
    bool has_result = outcome == ERRAND_DONE || outcome == ERRAND_FAILED;
    running->errand.on_done(running->errand.owner, outcome, has_result ? running->result : NULL,
                            kept);
    PQclear(running->result);
    for (int i = 0; i < running->errand.parameter_count; i++) {
        free((char *)running->errand.parameters[i]);
    }
    free(running);
}

/* Of no use any more. */
static void give_up(struct running *running, const char *reason) {
    end(running, running->is_sent ? ERRAND_UNKNOWN : ERRAND_REFUSED, reason);
}

static bool flush(struct running *running) {
    int rest = PQflush(running->session);
    return rest == 0 || (rest > 0 && watch_start(&running->writable));
}

static bool send_settings(struct running *running) {
    char limit[24];
    snprintf(limit, sizeof limit, "%" PRId64, running->errands->settings.limit_ms);
    const char *const values[] = {limit};
    return PQsetnonblocking(running->session, 1) == 0 &&
           PQenterPipelineMode(running->session) == 1 && session_settings_send(running->session) &&
           PQsendQueryParams(running->session, limits_sql, 1, NULL, values, NULL, NULL, 0) == 1 &&
           PQpipelineSync(running->session) == 1 && flush(running);
}

static bool send_statements(struct running *running) {
    const struct errand *errand = &running->errand;
    int count = statement_count(errand);
    running->is_sent = true;
    for (int i = 0; i < count; i++) {
        bool is_last = i == count - 1;
        if (PQsendQueryParams(running->session, errand->statements[i],
                              is_last ? errand->parameter_count : 0, NULL,
                              is_last ? errand->parameters : NULL, NULL, NULL, 0) != 1 ||
            PQpipelineSync(running->session) != 1) {
            return false;
        }
    }
    return flush(running);
}

/* A result of the settings: why the session is of no use; NULL: it may be. */
static const char *refusal_of(const struct running *running, const PGresult *result) {
    return query_has_succeeded(result) ? session_settings_refusal(running->session, result)
                                       : PQresultErrorMessage(result);
}

/* Takes a result of the statements over. */
static void keep(struct running *running, PGresult *result) {
    if (running->has_failed || PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
        PQclear(result);
        return;
    }
    PQclear(running->result);
    running->result = result;
    running->has_failed = !query_has_succeeded(result);
}

/* A sync has arrived: what was sent before it is settled. False: the errand has ended. */
static bool on_sync(struct running *running) {
    if (!running->is_sent) {
        if (!send_statements(running)) {
            give_up(running, PQerrorMessage(running->session));
            return false;
        }
        return true;
    }
    running->syncs++;
    if (running->has_failed || running->syncs == statement_count(&running->errand)) {
        const char *reason = running->has_failed ? PQresultErrorMessage(running->result) : NULL;
        end(running, running->has_failed ? ERRAND_FAILED : ERRAND_DONE, reason);
        return false;
    }
    return true;
}

/* One result. False: the errand has ended. */
static bool take_result(struct running *running, PGresult *result) {
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        return on_sync(running);
    }
    if (running->is_sent) {
        keep(running, result);
        return true;
    }
    const char *refusal = refusal_of(running, result);
    if (refusal) {
        end(running, ERRAND_REFUSED, refusal);
    }
    PQclear(result);
    return refusal == NULL;
}

/* False: the errand has ended. */
static bool take_results(struct running *running) {
    while (!PQisBusy(running->session)) {
        PGresult *result = PQgetResult(running->session);
        if (!result && !running->result_open) {
            return true; /* nothing is in flight */
        }
        running->result_open = result && PQresultStatus(result) != PGRES_PIPELINE_SYNC;
        if (result && !take_result(running, result)) {
            return false;
        }
    }
    return true;
}

static void on_readable(void *owner) {
    struct running *running = owner;
    /* What arrived before the connection broke still counts. */
    bool consumed = PQconsumeInput(running->session) == 1;
    if (!take_results(running)) {
        return;
    }
    if (!consumed || PQstatus(running->session) != CONNECTION_OK || !flush(running)) {
        give_up(running, PQerrorMessage(running->session));
    }
}

static void on_writable(void *owner) {
    struct running *running = owner;
    watch_stop(&running->writable);
    if (!flush(running)) {
        give_up(running, PQerrorMessage(running->session));
    }
}

static void on_limit(void *owner) {
    give_up(owner, "it took too long");
}

static void on_connected(void *owner, const struct attempts_result *result) {
    struct running *running = owner;
    struct event_base *base = running->errands->base;
    running->attempts = NULL;
    if (!result->session) {
        give_up(running, result->reason);
        return;
    }
    running->session = result->session;
    int socket = PQsocket(running->session);
    watch_init_descriptor(&running->readable, base, socket, EV_READ, on_readable, running);
    watch_init_descriptor(&running->writable, base, socket, EV_WRITE, on_writable, running);
    if (!watch_start(&running->readable) || !send_settings(running)) {
        give_up(running, PQerrorMessage(running->session));
    }
}

struct errands *errands_new(struct event_base *base, const struct errands_settings *settings,
                            char *error, size_t error_size) {
    struct server_address *address = server_address_new(settings->database_url, error, error_size);
    if (!address) {
        return NULL;
    }
    struct errands *errands = memory_calloc(1, sizeof *errands);
    errands->base = base;
    errands->settings = *settings;
    errands->settings.database_url = NULL;
    errands->address = address;
    errands->resolver = (struct resolver){.base = base};
    TAILQ_INIT(&errands->all);
    return errands;
}

bool errands_run(struct errands *errands, const struct errand *errand) {
    if (errands->is_closed || errands->count >= errands->settings.most) {
        return false;
    }
    struct running *running = memory_calloc(1, sizeof *running);
    running->errands = errands;
    running->errand = *errand;
    for (int i = 0; i < errand->parameter_count; i++) {
        running->errand.parameters[i] =
            errand->parameters[i] ? memory_strdup(errand->parameters[i]) : NULL;
    }
    timer_init(&running->limit, errands->base, on_limit, running);
    timer_start(&running->limit, errands->settings.limit_ms);
    TAILQ_INSERT_TAIL(&errands->all, running, in_errands);
    errands->count++;
    const struct attempts_settings settings = {.application = errands->settings.application,
                                               .limit_ms = CONNECT_LIMIT_MS,
                                               .on_done = on_connected,
                                               .owner = running};
    running->attempts =
        attempts_begin(errands->base, &errands->resolver, errands->address, &settings);
    return true;
}

void errands_close(struct errands *errands) {
    if (!errands) {
        return;
    }
    struct running *next;
    errands->is_closed = true;
    for (struct running *one = TAILQ_FIRST(&errands->all); one; one = next) {
        next = TAILQ_NEXT(one, in_errands);
        give_up(one, "the process ends");
    }
}

void errands_free(struct errands *errands) {
    if (errands) {
        resolver_close(&errands->resolver);
        server_address_free(errands->address);
        free(errands);
    }
}

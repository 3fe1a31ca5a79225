/* A pool on a fake libpq. */
#include "fake_pool.h"

#include "ops/clock.h"

#include <check.h>
#include <stdio.h>

struct event_base *base;
struct pool *pool;
struct told told[TOLD_MAX];
bool pool_told_ready;
int pool_told_changes;
int pool_told_uncertain;

static const struct logger logger = {.level = (enum log_level)(LOG_LEVEL_ERROR + 1)}; /* silent */

static void on_uncertain(void *owner) {
    (void)owner;
    pool_told_uncertain++;
}

struct pool_settings fake_pool_settings(void) {
    return (struct pool_settings){
        .database_url = "host=/nowhere dbname=fake",
        .read_connections = 1,
        .write_connections = 1,
        .queue_limit = TOLD_MAX,
        .queue_wait_ms = 60000,
        .request_timeout_ms = 60000,
        .on_uncertain = on_uncertain,
    };
}

static void on_change(void *owner, bool ready) {
    (void)owner;
    pool_told_ready = ready;
    pool_told_changes++;
}

void fake_pool_begin(const struct pool_settings *settings) {
    char error[256] = "";
    base = event_base_new();
    pool = pool_new(base, &logger, settings, on_change, NULL, error, sizeof error);
    ck_assert_msg(pool != NULL, "%s", error);
}

void fake_pool_open(const struct pool_settings *settings) {
    fake_pool_begin(settings);
    turn();
}

void fake_pool_close(size_t calls) {
    pool_close(pool);
    for (size_t i = 0; i < TOLD_MAX; i++) {
        ck_assert_int_eq(told[i].dones, i < calls);
    }
    pool_free(pool);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
}

void turn(void) {
    for (int i = 0; i < 10; i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

void wait_ms(int64_t ms) {
    int64_t until_ms = clock_ms() + ms;
    while (clock_ms() < until_ms) {
        const struct timeval pause = clock_duration(1);
        event_base_loopexit(base, &pause);
        event_base_dispatch(base);
    }
    turn();
}

static void on_send(void *owner) {
    struct told *call = owner;
    call->sends++;
}

static void on_done(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    struct told *call = owner;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    call->dones++;
    call->outcome = outcome;
    call->row = row;
    call->uncertain = pool_told_uncertain;
    snprintf(call->error, sizeof call->error, "%s", state ? state : "");
    if (row >= 0) {
        snprintf(call->value, sizeof call->value, "%s", PQgetvalue(result, row, 0));
    }
}

struct call noted_call(size_t number, enum statement statement) {
    return (struct call){
        .statement = statement, .on_send = on_send, .on_done = on_done, .owner = &told[number]};
}

void read_page(size_t number, enum pool_lane lane, enum statement statement, int64_t id) {
    struct call call = noted_call(number, statement);
    call_add_int64(&call, id);
    call_add_int64(&call, 5);
    pool_submit(pool, lane, &call);
}

void assert_told(size_t number, enum query_outcome outcome) {
    ck_assert_msg(told[number].dones == 1, "call %zu was told %d times", number,
                  told[number].dones);
    ck_assert_msg(told[number].outcome == outcome, "call %zu was told %d", number,
                  (int)told[number].outcome);
}

PGconn *running(size_t others) {
    for (size_t number = 0; number < fake_sessions_opened(); number++) {
        if (fake_is_running(fake_session(number)) && others-- == 0) {
            return fake_session(number);
        }
    }
    ck_abort_msg("no statement is running");
    return NULL;
}

size_t running_count(void) {
    size_t count = 0;
    for (size_t number = 0; number < fake_sessions_opened(); number++) {
        count += fake_is_running(fake_session(number));
    }
    return count;
}

void return_row(PGconn *session, const char *value) {
    fake_return(session, 1, &(const char *const[2]){value, "1"});
    fake_sync(session);
    turn();
}

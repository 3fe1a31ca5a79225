/* A connection of its own for a few statements. */
#include "db/one_off.h"

#include "db/attempts.h"
#include "db/notices.h"
#include "ops/memory.h"

#include <stdio.h>

/* What a search has led to. */
struct outcome {
    struct event_base *base;
    PGconn *session;
    char *error;
    size_t error_size;
};

static void on_done(void *owner, const struct attempts_result *result) {
    struct outcome *outcome = owner;
    outcome->session = result->session;
    if (!result->session) {
        snprintf(outcome->error, outcome->error_size, "%s", result->reason);
    }
    event_base_loopbreak(outcome->base);
}

static PGconn *search(struct server_address *address, int64_t limit_ms, const char *name,
                      char *error, size_t error_size) {
    struct event_base *base = event_base_new();
    memory_demand(base != NULL);
    struct outcome outcome = {.base = base, .error = error, .error_size = error_size};
    struct resolver resolver = {.base = base};
    const struct attempts_settings settings = {
        .application = name, .limit_ms = limit_ms, .on_done = on_done, .owner = &outcome};
    (void)attempts_begin(base, &resolver, address, &settings);
    event_base_dispatch(base);
    resolver_close(&resolver);
    event_base_loop(base, EVLOOP_NONBLOCK); /* what was cancelled is released */
    event_base_free(base);
    return outcome.session;
}

/* A string that is a database's name alone is libpq's to understand. */
static PGconn *connect_by_name(const char *database, int64_t limit_ms, const char *name,
                               char *error, size_t error_size) {
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(limit_ms / 1000));
    const char *const keywords[] = {"dbname", "connect_timeout", "client_encoding",
                                    "fallback_application_name", NULL};
    const char *const values[] = {database, seconds, "UTF8", name, NULL};
    PGconn *session = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(session) == CONNECTION_OK) {
        notices_ignore(session);
        return session;
    }
    *error = '\0';
    notices_add_reason(error, error_size, PQerrorMessage(session));
    PQfinish(session);
    return NULL;
}

PGconn *one_off_connect(const char *database_url, int64_t limit_ms, const char *name, char *error,
                        size_t error_size) {
    struct server_address *address = server_address_new(database_url, error, error_size);
    if (!address) {
        return connect_by_name(database_url, limit_ms, name, error, error_size);
    }
    PGconn *session = search(address, limit_ms, name, error, error_size);
    server_address_free(address);
    return session;
}

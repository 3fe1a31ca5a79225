/* The search for a session: an attempt to connect for each address of the server. */
#include "db/attempts.h"

#include "db/notices.h"
#include "ops/memory.h"
#include "ops/timer.h"
#include "ops/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_A_TIME = 4,
    ENDPOINTS_MAX = 64,
    NEXT_AFTER_MS = 250 /* more than a far server needs, less than a client notices */
};

/* One that is under way, or all zeros. */
struct attempt {
    struct attempts *all;
    struct endpoint endpoint;
    PGconn *session;
    struct watch socket;
    struct timer limit;
};

/* Of a host's name. */
struct look_up {
    struct attempts *all;
    size_t host;
    struct resolution *resolution; /* NULL: none is under way */
};

struct attempts {
    struct event_base *base;
    struct server_address *address;
    struct attempts_settings settings;
    struct look_up *look_ups; /* one for each host */
    size_t looking_up;
    struct endpoint untried[ENDPOINTS_MAX];
    size_t untried_count;
    struct attempt running[AT_A_TIME];
    size_t running_count;
    struct timer next;  /* while it runs, no attempt begins beside others */
    struct timer names; /* the limit of look-ups */
    bool was_silent;
    char reason[ATTEMPTS_REASON_SIZE];
};

static void close_attempt(struct attempt *attempt) {
    watch_stop(&attempt->socket);
    timer_stop(&attempt->limit);
    PQfinish(attempt->session);
    attempt->all->running_count--;
    *attempt = (struct attempt){0};
}

static void end_look_up(struct look_up *look_up) {
    look_up->resolution = NULL;
    look_up->all->looking_up--;
}

static void give_up_look_ups(struct attempts *all) {
    for (size_t i = 0; i < server_address_host_count(all->address); i++) {
        struct look_up *look_up = &all->look_ups[i];
        if (look_up->resolution) {
            resolution_cancel(look_up->resolution);
            end_look_up(look_up);
        }
    }
}

void attempts_cancel(struct attempts *all) {
    give_up_look_ups(all);
    for (size_t i = 0; i < AT_A_TIME; i++) {
        if (all->running[i].all) {
            close_attempt(&all->running[i]);
        }
    }
    timer_stop(&all->next);
    timer_stop(&all->names);
    free(all->look_ups);
    free(all);
}

static void note(struct attempts *all, const char *reason) {
    notices_add_reason(all->reason, sizeof all->reason, reason);
}

static void fail(struct attempts *all) {
    const struct attempts_result result = {.reason = all->reason, .at_once = !all->was_silent};
    all->settings.on_done(all->settings.owner, &result);
    attempts_cancel(all);
}

static void succeed(struct attempt *attempt) {
    struct attempts *all = attempt->all;
    const struct attempts_result result = {.session = attempt->session,
                                           .endpoint = attempt->endpoint};
    attempt->session = NULL;
    close_attempt(attempt);
    all->settings.on_done(all->settings.owner, &result);
    attempts_cancel(all);
}

static void proceed(struct attempts *all);

static void attempt_failed(struct attempt *attempt, const char *reason) {
    struct attempts *all = attempt->all;
    note(all, reason);
    close_attempt(attempt);
    timer_stop(&all->next);
    proceed(all);
}

static void on_limit(void *owner) {
    struct attempt *attempt = owner;
    const char *host = server_address_host(attempt->all->address, &attempt->endpoint);
    char reason[300];
    snprintf(reason, sizeof reason, "no connection within the time limit%s%.200s", host ? ": " : "",
             host ? host : "");
    attempt->all->was_silent = true;
    attempt_failed(attempt, reason);
}

static void on_socket(void *owner);

/* libpq may have gone on to another socket. */
static bool wait_for_socket(struct attempt *attempt, short what) {
    watch_stop(&attempt->socket);
    watch_init_descriptor(&attempt->socket, attempt->all->base, PQsocket(attempt->session), what,
                          on_socket, attempt);
    return watch_start(&attempt->socket);
}

static void on_socket(void *owner) {
    struct attempt *attempt = owner;
    PostgresPollingStatusType status = PQconnectPoll(attempt->session);
    if (status == PGRES_POLLING_OK) {
        succeed(attempt);
    } else if (status == PGRES_POLLING_FAILED) {
        attempt_failed(attempt, PQerrorMessage(attempt->session));
    } else if (!wait_for_socket(attempt, status == PGRES_POLLING_READING ? EV_READ : EV_WRITE)) {
        attempt_failed(attempt, strerror(errno));
    }
}

/* The address to be tried next, by rank and in the order of the hosts, taken out; false: none may
 * be now. */
static bool choose(struct attempts *all, struct endpoint *endpoint) {
    bool is_alone = all->running_count == 0 && all->looking_up == 0;
    size_t best = 0;
    enum endpoint_rank best_rank = ENDPOINT_AVOIDED;
    for (size_t i = 0; i < all->untried_count; i++) {
        enum endpoint_rank rank = server_address_rank(all->address, &all->untried[i]);
        bool comes_first = all->untried[i].host < all->untried[best].host;
        if (rank < best_rank || (rank == best_rank && comes_first)) {
            best = i;
            best_rank = rank;
        }
    }
    if (all->untried_count == 0 || (best_rank == ENDPOINT_AVOIDED && !is_alone)) {
        return false;
    }
    *endpoint = all->untried[best];
    all->untried_count--;
    memmove(&all->untried[best], &all->untried[best + 1],
            (all->untried_count - best) * sizeof *all->untried);
    return true;
}

static void start(struct attempts *all, const struct endpoint *endpoint) {
    struct attempt *attempt = all->running;
    while (attempt->all) {
        attempt++;
    }
    all->running_count++;
    *attempt = (struct attempt){.all = all, .endpoint = *endpoint};
    timer_init(&attempt->limit, all->base, on_limit, attempt);
    attempt->session = server_address_connect(all->address, endpoint, all->settings.application);
    notices_ignore(attempt->session);
    bool is_broken = PQstatus(attempt->session) == CONNECTION_BAD;
    if (!is_broken && wait_for_socket(attempt, EV_WRITE)) {
        timer_start(&attempt->limit, all->settings.limit_ms);
        timer_start(&all->next, NEXT_AFTER_MS);
        return;
    }
    note(all, is_broken ? PQerrorMessage(attempt->session) : strerror(errno));
    close_attempt(attempt);
}

/* Tries what may be tried now. */
static void proceed(struct attempts *all) {
    struct endpoint endpoint;
    while (!timer_is_running(&all->next) && all->running_count < AT_A_TIME &&
           choose(all, &endpoint)) {
        start(all, &endpoint);
    }
    if (all->running_count == 0 && all->untried_count == 0 && all->looking_up == 0) {
        fail(all);
    }
}

static void on_next(void *owner) {
    proceed(owner);
}

static void add(struct attempts *all, size_t host, const char *address, bool is_one_of_several) {
    struct endpoint endpoint = {.host = host, .is_one_of_several = is_one_of_several};
    snprintf(endpoint.address, sizeof endpoint.address, "%s", address);
    bool is_wanted =
        !all->settings.only_usual || server_address_rank(all->address, &endpoint) == ENDPOINT_USUAL;
    if (is_wanted && all->untried_count < ENDPOINTS_MAX) {
        all->untried[all->untried_count++] = endpoint;
    }
}

static void note_unknown(struct attempts *all, size_t host) {
    char reason[300];
    snprintf(reason, sizeof reason, "cannot resolve the host name '%.200s'",
             server_address_name(all->address, host));
    note(all, reason);
}

/* At first all wait for the names, so that addresses are tried in the order of the hosts. */
static void on_looked_up(void *owner, char (*addresses)[RESOLUTION_ADDRESS_SIZE], size_t count) {
    struct look_up *look_up = owner;
    struct attempts *all = look_up->all;
    end_look_up(look_up);
    for (size_t i = 0; i < count; i++) {
        add(all, look_up->host, addresses[i], count > 1);
    }
    if (count == 0) {
        note_unknown(all, look_up->host);
    }
    if (all->looking_up == 0 && all->running_count == 0) {
        timer_stop(&all->next);
    }
    proceed(all);
}

static void on_names_limit(void *owner) {
    struct attempts *all = owner;
    for (size_t i = 0; i < server_address_host_count(all->address); i++) {
        if (all->look_ups[i].resolution) {
            note_unknown(all, i);
        }
    }
    all->was_silent = true;
    give_up_look_ups(all);
    proceed(all);
}

struct attempts *attempts_begin(struct event_base *base, struct resolver *resolver,
                                struct server_address *address,
                                const struct attempts_settings *settings) {
    struct attempts *all = memory_allocate(sizeof *all);
    *all = (struct attempts){.base = base, .address = address, .settings = *settings};
    size_t host_count = server_address_host_count(address);
    all->look_ups = memory_calloc(host_count, sizeof *all->look_ups);
    timer_init(&all->next, base, on_next, all);
    timer_init(&all->names, base, on_names_limit, all);
    for (size_t i = 0; i < host_count; i++) {
        const char *name = server_address_name(address, i);
        struct look_up *look_up = &all->look_ups[i];
        *look_up = (struct look_up){.all = all, .host = i};
        if (name) {
            all->looking_up++;
            look_up->resolution = resolution_begin(resolver, name, on_looked_up, look_up);
        } else {
            add(all, i, "", false);
        }
    }
    if (all->looking_up > 0) {
        timer_start(&all->names, settings->limit_ms);
        timer_start(&all->next, NEXT_AFTER_MS);
    } else {
        timer_start_now(&all->next);
    }
    return all;
}

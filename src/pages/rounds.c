/* The rounds of a validator. */
#include "pages/rounds.h"

#include "db/outage.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "ops/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PERIOD_MS = 5,        /* from the beginning of one round to that of the next ... */
    PERIODS_IN_LEASE = 4, /* ... or less, where the lease is short */
    IDLE_PERIOD_MS = 50,  /* while nobody asks for pages */
    IDLE_AFTER_MS = 3000, /* NGINX tells only once a second that it has been asked */
    GAP_MS = 10000,       /* between two rounds: changes may have been forgotten */
    KEPT_MS = 30000,      /* how long they are not */
    FORGET_EACH_MS = 1000,
    FORGET_AT_A_TIME = 500, /* as forget_changes() does */
    WANT_EACH_MS = 60000,   /* a tenth of the time that want_changes() asks for */
    CHANGES_MAX = 10000,    /* of a round; with more, every page is invalidated */
    US_PER_MS = 1000
};

/* A snapshot that is known. */
struct memento {
    char *snapshot; /* owned; NULL: none */
    int64_t known_ms;
};

struct rounds {
    struct event_base *base;
    const struct logger *logger;
    const struct shared_memory *memory;
    struct rounds_settings settings;
    struct metrics *metrics;
    rounds_on_change *on_change;
    void *owner;
    struct resolver resolver;
    struct server_address *address;
    struct connection *connection;
    struct outage outage;
    struct timer timer;  /* until the next statement; the limit of the one under way */
    enum statement next; /* ... which is this, or was this */
    bool is_under_way;
    bool is_paused;
    int64_t began_us; /* the round under way, or the last one */
    int64_t wanted_ms;
    int64_t forgot_ms;
    struct memento seen_by_all; /* no validator goes on from an older snapshot */
    struct memento soon_seen_by_all;
    /* Of the round before; zeros: there was none in this session. */
    char *snapshot;
    uint64_t since;
    int64_t at_us;
};

static void set_memento(struct memento *memento, char *snapshot) {
    free(memento->snapshot);
    *memento = (struct memento){.snapshot = snapshot, .known_ms = clock_ms()};
}

/* The next round is a first one. */
static void begin_anew(struct rounds *rounds) {
    free(rounds->snapshot);
    rounds->snapshot = NULL;
    rounds->since = 0;
    rounds->at_us = 0;
    set_memento(&rounds->seen_by_all, NULL);
    set_memento(&rounds->soon_seen_by_all, NULL);
}

static bool is_asked(const struct rounds *rounds) {
    return clock_ms() - shared_memory_asked_ms(rounds->memory) <= IDLE_AFTER_MS;
}

static int64_t period_ms(const struct rounds *rounds) {
    if (!is_asked(rounds)) {
        return IDLE_PERIOD_MS;
    }
    int64_t most_ms = rounds->settings.lease_ms / PERIODS_IN_LEASE;
    return most_ms < 1 ? 1 : most_ms < PERIOD_MS ? most_ms : PERIOD_MS;
}

static void send_now(struct rounds *rounds, enum statement next) {
    rounds->next = next;
    timer_start_now(&rounds->timer);
}

static void wait_for_next(struct rounds *rounds) {
    bool is_wanted = rounds->since != 0 && clock_ms() - rounds->wanted_ms < WANT_EACH_MS;
    int64_t passed_ms = (clock_us() - rounds->began_us) / US_PER_MS;
    int64_t wait_ms = period_ms(rounds) - passed_ms;
    rounds->next = is_wanted ? STATEMENT_CHANGES_SINCE : STATEMENT_WANT_CHANGES;
    timer_start(&rounds->timer, wait_ms > 0 ? wait_ms : 0);
}

/* The snapshot that a round goes on from; NULL: none. */
static const char *snapshot_before(const struct rounds *rounds) {
#ifdef QA_FAULT_WITHOUT_XIP
    /* A deliberate fault, which tests/e2e/test_hosts.py must notice: transactions that were in
     * progress are overlooked. */
    static char without[64];
    if (rounds->snapshot) {
        const char *xmax = strchr(rounds->snapshot, ':') + 1;
        int length = (int)strcspn(xmax, ":");
        snprintf(without, sizeof without, "%.*s:%.*s:", length, xmax, length, xmax);
        return without;
    }
#endif
    return rounds->snapshot;
}

/* Adds the parameter of a statement, if it has one. */
static void prepare(struct rounds *rounds, struct group *group) {
    group->parameter_count = 1;
    switch (rounds->next) {
    case STATEMENT_CHANGES_SINCE:
        rounds->began_us = clock_us();
        group->parameters[0] = snapshot_before(rounds);
        break;
    case STATEMENT_FORGET_CHANGES:
        rounds->forgot_ms = clock_ms();
        group->parameters[0] = rounds->seen_by_all.snapshot;
        break;
    case STATEMENT_WANT_CHANGES:
        rounds->wanted_ms = clock_ms();
        group->parameter_count = 0;
        break;
    default: /* STATEMENT_NOTE_RUN */
        group->parameter_count = 0;
    }
}

static void send_next(struct rounds *rounds) {
    struct group *group = group_new(GROUP_ONE, rounds->next, NULL, 0);
    group->is_write = rounds->next != STATEMENT_CHANGES_SINCE;
    prepare(rounds, group);
    group->sent_us = clock_us();
    rounds->is_under_way = true;
    timer_start(&rounds->timer, rounds->settings.limit_ms);
    const char *refusal = connection_send(rounds->connection, group);
    if (refusal) {
        group_free(group);
        connection_drop(rounds->connection, refusal);
    }
}

static void on_timer(void *owner) {
    struct rounds *rounds = owner;
    if (rounds->is_under_way) {
        connection_drop(rounds->connection, "a statement of the validator took too long");
    } else {
        send_next(rounds);
    }
}

/* ---- What a round has found ---- */

enum { PRODUCT_ID, QUESTION_ID, SNAPSHOT, SINCE, IS_COMPLETE, AT_US, POSITION }; /* columns */

/* The row that tells of the snapshot, or -1. */
static int find_head(const PGresult *result) {
    int row = PQntuples(result) - 1;
    while (row >= 0 && PQgetisnull(result, row, SNAPSHOT)) {
        row--;
    }
    return row;
}

static int64_t number_of(const PGresult *result, int row, int column) {
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* Whether a change is of every page. */
static bool is_of_everything(const PGresult *result, int row) {
    return PQgetisnull(result, row, PRODUCT_ID) && PQgetisnull(result, row, QUESTION_ID);
}

static bool has_everything_changed(const PGresult *result, int head) {
    bool has = PQntuples(result) - 1 > CHANGES_MAX;
    for (int row = 0; !has && row < PQntuples(result); row++) {
        has = row != head && is_of_everything(result, row);
    }
    return has;
}

static void raise_versions(const struct rounds *rounds, const PGresult *result, int head) {
    struct versions *versions = shared_memory_versions(rounds->memory);
    uint64_t position = (uint64_t)number_of(result, head, POSITION);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = PRODUCT_ID; row != head && column <= QUESTION_ID; column++) {
            if (!PQgetisnull(result, row, column)) {
                enum subject subject = column == PRODUCT_ID ? SUBJECT_PRODUCT : SUBJECT_QUESTION;
                size_t slot = versions_slot(subject, number_of(result, row, column));
                versions_raise_at(versions, slot, position);
            }
        }
    }
    metrics_add(&rounds->metrics->validator.changes, (uint64_t)PQntuples(result) - 1);
}

/* Whether the changes found are all since a round before. */
static bool goes_on(const struct rounds *rounds, uint64_t since, int64_t at_us) {
    int64_t passed_us = at_us - rounds->at_us;
    return rounds->snapshot && since == rounds->since && passed_us >= 0 &&
           passed_us <= (int64_t)GAP_MS * US_PER_MS;
}

static void invalidate(const struct rounds *rounds, const PGresult *result, int head,
                       bool is_first) {
    struct metrics_validator *metrics = &rounds->metrics->validator;
    if (is_first || has_everything_changed(result, head)) {
        struct versions *versions = shared_memory_versions(rounds->memory);
        metrics_add(is_first ? &metrics->beginnings : &metrics->everything_changed, 1);
        versions_need_replay_of_all(versions, (uint64_t)number_of(result, head, POSITION));
        versions_invalidate_all(versions, clock_ms());
    } else {
        raise_versions(rounds, result, head);
    }
}

static void extend_lease(const struct rounds *rounds) {
    int64_t until_us = shared_memory_leased_until_us(rounds->memory);
    bool was_needed = until_us != 0 && is_asked(rounds);
    metrics_add(&rounds->metrics->validator.lapses, was_needed && clock_us() >= until_us);
    int64_t began_us = rounds->began_us;
#ifdef QA_FAULT_LEASE_FROM_RECEIPT
    began_us = clock_us(); /* A deliberate fault, which `make hosts-test` must notice. */
#endif
    shared_memory_extend_lease(rounds->memory, began_us, rounds->settings.lease_ms * US_PER_MS);
}

static void keep_mementos(struct rounds *rounds) {
    struct memento *soon = &rounds->soon_seen_by_all;
    if (!soon->snapshot) {
        set_memento(soon, memory_strdup(rounds->snapshot));
    } else if (clock_ms() - soon->known_ms >= KEPT_MS) {
        set_memento(&rounds->seen_by_all, soon->snapshot);
        soon->snapshot = NULL;
    }
}

/* Raises the versions first: who has read the lease finds them raised. Until all transactions have
 * ended that write no changes, there is no lease. */
static void end_round(struct rounds *rounds, const PGresult *result) {
    int head = find_head(result);
    if (head < 0) {
        connection_drop(rounds->connection, "a round of the validator had no snapshot");
        return;
    }
    uint64_t since = strtoull(PQgetvalue(result, head, SINCE), NULL, 10);
    int64_t at_us = number_of(result, head, AT_US);
    bool is_complete = since != 0 && *PQgetvalue(result, head, IS_COMPLETE) == 't';
    bool is_first = !goes_on(rounds, since, at_us);
    if (!is_complete) {
        begin_anew(rounds);
        rounds->since = since;
        wait_for_next(rounds);
        return;
    }
    invalidate(rounds, result, head, is_first);
    if (connection_is_current(rounds->connection)) {
        extend_lease(rounds);
    }
    free(rounds->snapshot);
    rounds->snapshot = memory_strdup(PQgetvalue(result, head, SNAPSHOT));
    rounds->since = since;
    rounds->at_us = at_us;
    keep_mementos(rounds);
    if (rounds->seen_by_all.snapshot && clock_ms() - rounds->forgot_ms >= FORGET_EACH_MS) {
        send_now(rounds, STATEMENT_FORGET_CHANGES);
    } else {
        wait_for_next(rounds);
    }
}

/* ---- What the connection tells ---- */

static void on_ready(void *owner, struct connection *connection) {
    struct rounds *rounds = owner;
    (void)connection;
    outage_end(&rounds->outage, rounds->logger);
    begin_anew(rounds);
    rounds->on_change(rounds->owner, true);
    send_now(rounds, rounds->settings.has_standbys ? STATEMENT_NOTE_RUN : STATEMENT_WANT_CHANGES);
}

static void take_result(struct rounds *rounds, const PGresult *result) {
    switch (rounds->next) {
    case STATEMENT_CHANGES_SINCE:
        end_round(rounds, result);
        break;
    case STATEMENT_FORGET_CHANGES:
        if (number_of(result, 0, 0) >= FORGET_AT_A_TIME) {
            rounds->forgot_ms = 0; /* there may be more, after the next round */
        }
        wait_for_next(rounds);
        break;
    case STATEMENT_NOTE_RUN:
        send_now(rounds, STATEMENT_WANT_CHANGES);
        break;
    default: /* STATEMENT_WANT_CHANGES */
        send_now(rounds, STATEMENT_CHANGES_SINCE);
        break;
    }
}

static void stand_still(struct rounds *rounds) {
    timer_stop(&rounds->timer);
    connection_suspend(rounds->connection);
}

static void on_settled(void *owner, struct connection *connection, struct group *group,
                       PGresult *result) {
    struct rounds *rounds = owner;
    int64_t sent_us = group->sent_us;
    group_free(group);
    rounds->is_under_way = false;
    timer_stop(&rounds->timer);
    if (query_has_succeeded(result)) {
        metrics_observe_duration(&rounds->metrics->statements[rounds->next], sent_us, clock_us());
        take_result(rounds, result);
    } else {
        connection_drop(connection, PQresultErrorMessage(result));
    }
    PQclear(result);
    if (rounds->is_paused) {
        stand_still(rounds);
    }
}

static void on_lost(void *owner, struct connection *connection, struct group_queue *unsettled,
                    const char *reason) {
    struct rounds *rounds = owner;
    struct group *group;
    (void)connection;
    while ((group = TAILQ_FIRST(unsettled))) {
        TAILQ_REMOVE(unsettled, group, in_connection);
        group_free(group);
    }
    rounds->is_under_way = false;
    timer_stop(&rounds->timer);
    begin_anew(rounds);
    metrics_add(&rounds->metrics->lost_connections, 1);
    outage_note(&rounds->outage, rounds->logger, "the validator lost its session; trying again",
                reason);
    rounds->on_change(rounds->owner, false);
    if (rounds->is_paused) {
        stand_still(rounds);
    }
}

static void on_failed(void *owner, const char *reason, bool at_once) {
    struct rounds *rounds = owner;
    (void)at_once;
    metrics_add(&rounds->metrics->failed_connects, 1);
    outage_note(&rounds->outage, rounds->logger, "the validator has no session; trying again",
                reason);
}

static const struct connection_events connection_events = {
    .on_ready = on_ready,
    .on_settled = on_settled,
    .on_lost = on_lost,
    .on_failed = on_failed,
};

struct rounds *rounds_new(struct event_base *base, const struct logger *logger,
                          const struct shared_memory *memory,
                          const struct rounds_settings *settings, rounds_on_change *on_change,
                          void *owner, char *error, size_t error_size) {
    struct server_address *address = server_address_new(settings->database_url, error, error_size);
    if (!address) {
        return NULL;
    }
    struct rounds *rounds = memory_allocate(sizeof *rounds);
    *rounds = (struct rounds){
        .base = base,
        .logger = logger,
        .memory = memory,
        .settings = *settings,
        .metrics = metrics_or_unseen(settings->metrics),
        .on_change = on_change,
        .owner = owner,
        .resolver = {.base = base},
        .address = address,
    };
    timer_init(&rounds->timer, base, on_timer, rounds);
    rounds->connection = connection_new(base, &rounds->resolver, address,
                                        &rounds->settings.connection, &connection_events, rounds);
    return rounds;
}

void rounds_pause(struct rounds *rounds) {
    rounds->is_paused = true;
    if (!rounds->is_under_way) {
        stand_still(rounds);
    }
}

void rounds_resume(struct rounds *rounds) {
    rounds->is_paused = false;
    connection_resume(rounds->connection);
}

bool rounds_have_session(const struct rounds *rounds) {
    return !connection_is_suspended(rounds->connection);
}

void rounds_free(struct rounds *rounds) {
    timer_stop(&rounds->timer);
    connection_free(rounds->connection);
    resolver_close(&rounds->resolver);
    server_address_free(rounds->address);
    begin_anew(rounds);
    free(rounds);
}

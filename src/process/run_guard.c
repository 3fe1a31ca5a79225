/* Which run of the database server the sessions of a process may use. */
#include "process/run_guard.h"

#include "ops/clock.h"
#include "ops/metrics.h"
#include "pages/known_server.h"

/* Told that a session has begun with this run. */
static uint64_t take(void *owner, const struct server_run *run) {
    const struct run_guard *guard = owner;
    uint64_t number = known_server_number(run);
    enum known_server what = known_server_take(guard->memory, number, clock_ms());
    if (what == KNOWN_SERVER_OLDER) {
        return 0;
    }
    if (what != KNOWN_SERVER_SAME) {
        bool is_another = what == KNOWN_SERVER_ANOTHER;
        metrics_add(&guard->metrics->server_changes, 1);
        log_write(guard->logger, is_another ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
                  is_another
                      ? "another database server has taken over; all cached pages are made anew"
                      : "the database was restarted; all cached pages are made anew",
                  "{s:I}", "timeline", (long long)run->timeline);
    }
    return number;
}

static bool is_current(void *owner, uint64_t number) {
    const struct run_guard *guard = owner;
    return known_server_is(guard->memory, number);
}

struct server_guard run_guard_of(struct run_guard *guard) {
    return (struct server_guard){
        .take = take,
        .is_current = is_current,
        .owner = guard,
        .refusal = "the server is of an older timeline: another one was promoted in its place"};
}

/* Told which run a standby follows. */
static uint64_t compare(void *owner, const struct server_run *run) {
    uint64_t number = known_server_number(run);
    return is_current(owner, number) ? number : 0;
}

struct server_guard run_guard_of_standbys(struct run_guard *guard) {
    return (struct server_guard){.take = compare,
                                 .is_current = is_current,
                                 .owner = guard,
                                 .refusal = "the standby does not follow the primary that serves, "
                                            "or has not come so far"};
}

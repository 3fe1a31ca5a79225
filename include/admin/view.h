/* What the admin process knows of the service: its processes, and what has become of them. Plain
 * data, which the supervisor writes down (process/overview.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    VIEW_PROCESSES_MAX = 600, /* more than two generations of workers */
    VIEW_EVENTS_MAX = 24
};

enum view_role { VIEW_WORKER, VIEW_ADMIN, VIEW_VALIDATOR };

enum view_state { VIEW_STARTING, VIEW_READY, VIEW_DRAINING };

struct view_process {
    enum view_role role;
    enum view_state state;
    pid_t pid;
    unsigned index; /* which of the N workers */
    unsigned generation;
    unsigned slot; /* of its heartbeat */
    int64_t started_ms;
    /* What the process itself says; not of the supervisor. */
    int64_t beat_ms;
    bool has_database; /* of a worker or validator: a live connection */
};

enum view_event_kind {
    VIEW_DIED_BY_SIGNAL, /* `value` is the signal */
    VIEW_EXITED,         /* `value` is the exit status */
    VIEW_RELOADED,       /* `value` is the new generation */
    VIEW_RELOAD_FAILED
};

/* Something that an operator would like to know of. */
struct view_event {
    int64_t at_ms;
    enum view_event_kind kind;
    enum view_role role; /* of a process that has ended */
    unsigned index;
    pid_t pid;
    int64_t value;
};

/* All times are those of clock_ms(). */
struct service_view {
    int64_t tick_ms;    /* the supervisor's last turn */
    int64_t started_ms; /* the service */
    pid_t supervisor;
    unsigned generation;
    unsigned wanted_workers;
    unsigned replaced; /* processes, since the start */
    unsigned reloads;
    bool is_reloading;
    bool is_stopping;
    unsigned process_count;
    struct view_process processes[VIEW_PROCESSES_MAX];
    unsigned
        event_count; /* ever; the last VIEW_EVENTS_MAX are there, each at its number modulo that */
    struct view_event events[VIEW_EVENTS_MAX];
};

/* Workers that can serve, of those that are wanted: during a reload there are more. */
unsigned view_count_ready(const struct service_view *view);

/* Why the service cannot serve, or its supervisor does nothing, in a few words; NULL: it does. */
const char *view_why_not_ready(const struct service_view *view);
const char *view_why_not_alive(const struct service_view *view, int64_t now_ms);

/* What a process is doing, in a word or two; and an event in a few. */
const char *view_state_name(const struct view_process *process, int64_t now_ms);
void view_describe_event(const struct view_event *event, char *text, size_t size);

/* The event that was the `back`th before the last; NULL where it is forgotten or never was. */
const struct view_event *view_event_before(const struct service_view *view, unsigned back);

/* "worker", "admin process" or "validator"; "serving", "reloading" or "stopping". */
const char *view_role_name(enum view_role role);
const char *view_service_state_name(const struct service_view *view);

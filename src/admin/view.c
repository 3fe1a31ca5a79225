/* What the view of the service means. */
#include "admin/view.h"

#include <stdio.h>
#include <string.h>

enum {
    TICK_IS_OLD_AFTER_MS = 5000, /* the supervisor turns twice a second */
    BEAT_IS_OLD_AFTER_MS = 3000  /* processes beat once a second */
};

static bool can_serve(const struct view_process *process) {
    return process->role == VIEW_WORKER && process->state == VIEW_READY && process->has_database;
}

unsigned view_count_ready(const struct service_view *view) {
    unsigned ready = 0;
    for (unsigned i = 0; i < view->process_count; i++) {
        ready += can_serve(&view->processes[i]);
    }
    return ready < view->wanted_workers ? ready : view->wanted_workers;
}

static bool has_worker_that_was_ready(const struct service_view *view) {
    for (unsigned i = 0; i < view->process_count; i++) {
        if (view->processes[i].role == VIEW_WORKER && view->processes[i].state == VIEW_READY) {
            return true;
        }
    }
    return false;
}

const char *view_why_not_ready(const struct service_view *view) {
    if (view->is_stopping) {
        return "the service is stopping";
    }
    if (view_count_ready(view) > 0) {
        return NULL;
    }
    return has_worker_that_was_ready(view) ? "no worker has a live database connection"
                                           : "no worker is ready";
}

const char *view_why_not_alive(const struct service_view *view, int64_t now_ms) {
    return now_ms - view->tick_ms > TICK_IS_OLD_AFTER_MS
               ? "the supervisor has done nothing for more than five seconds"
               : NULL;
}

const char *view_role_name(enum view_role role) {
    return role == VIEW_WORKER ? "worker" : role == VIEW_ADMIN ? "admin process" : "validator";
}

const char *view_service_state_name(const struct service_view *view) {
    return view->is_stopping ? "stopping" : view->is_reloading ? "reloading" : "serving";
}

const char *view_state_name(const struct view_process *process, int64_t now_ms) {
    if (now_ms - process->beat_ms > BEAT_IS_OLD_AFTER_MS) {
        return "silent";
    }
    switch (process->state) {
    case VIEW_STARTING:
        return "starting";
    case VIEW_DRAINING:
        return "draining";
    case VIEW_READY:
        break;
    }
    return process->role != VIEW_ADMIN && !process->has_database ? "no database" : "ready";
}

const struct view_event *view_event_before(const struct service_view *view, unsigned back) {
    if (back >= view->event_count || back >= VIEW_EVENTS_MAX) {
        return NULL;
    }
    return &view->events[(view->event_count - 1 - back) % VIEW_EVENTS_MAX];
}

/* "worker 3 (process 1234)". */
static void describe_process(const struct view_event *event, char *text, size_t size) {
    if (event->role == VIEW_WORKER) {
        snprintf(text, size, "worker %u (process %d)", event->index, (int)event->pid);
    } else {
        snprintf(text, size, "the %s (%d)", view_role_name(event->role), (int)event->pid);
    }
}

void view_describe_event(const struct view_event *event, char *text, size_t size) {
    char process[64];
    int value = (int)event->value;
    describe_process(event, process, sizeof process);
    switch (event->kind) {
    case VIEW_DIED_BY_SIGNAL:
        snprintf(text, size, "%s died by signal %d (%s)", process, value, strsignal(value));
        break;
    case VIEW_EXITED:
        snprintf(text, size, "%s ended with status %d", process, value);
        break;
    case VIEW_RELOADED:
        snprintf(text, size, "reloaded: generation %d serves", value);
        break;
    case VIEW_RELOAD_FAILED:
        snprintf(text, size, "a reload failed; the log says why");
        break;
    }
}

/* What the supervisor publishes for the admin process. */
#include "process/publish.h"

#include "ops/clock.h"

#include <sys/wait.h>
#include <unistd.h>

bool publisher_init(struct publisher *publisher) {
    publisher->overview = overview_create(&publisher->descriptor);
    publisher->view.started_ms = clock_ms();
    publisher->view.supervisor = getpid();
    return publisher->overview != NULL;
}

static void note(struct publisher *publisher, const struct view_event *event) {
    struct service_view *view = &publisher->view;
    struct view_event *place = &view->events[view->event_count++ % VIEW_EVENTS_MAX];
    *place = *event;
    place->at_ms = clock_ms();
}

static enum view_role role_of(enum child_role role) {
    return role == CHILD_WORKER ? VIEW_WORKER : role == CHILD_ADMIN ? VIEW_ADMIN : VIEW_VALIDATOR;
}

void publisher_note_exit(struct publisher *publisher, const struct child_exit *dead) {
    bool by_signal = WIFSIGNALED(dead->status);
    publisher->view.replaced++;
    note(publisher, &(const struct view_event){
                        .kind = by_signal ? VIEW_DIED_BY_SIGNAL : VIEW_EXITED,
                        .role = role_of(dead->role),
                        .index = dead->index,
                        .pid = dead->pid,
                        .value = by_signal ? WTERMSIG(dead->status) : WEXITSTATUS(dead->status),
                    });
}

void publisher_note_reload(struct publisher *publisher, bool succeeded, unsigned generation) {
    publisher->view.reloads += succeeded;
    note(publisher, &(const struct view_event){
                        .kind = succeeded ? VIEW_RELOADED : VIEW_RELOAD_FAILED,
                        .value = generation,
                    });
}

static enum view_state state_of(enum child_state state) {
    return state == CHILD_STARTING ? VIEW_STARTING
           : state == CHILD_READY  ? VIEW_READY
                                   : VIEW_DRAINING;
}

void publisher_show(struct publisher *publisher, const struct children *children) {
    struct service_view *view = &publisher->view;
    view->tick_ms = clock_ms();
    view->process_count = 0;
    for (unsigned i = 0; i < HEARTBEAT_SLOTS && view->process_count < VIEW_PROCESSES_MAX; i++) {
        const struct child *child = &children->all[i];
        if (child->state != CHILD_NONE) {
            view->processes[view->process_count++] = (struct view_process){
                .role = role_of(child->role),
                .state = state_of(child->state),
                .pid = child->pid,
                .index = child->index,
                .generation = child->generation,
                .slot = i,
                .started_ms = child->started_ms,
            };
        }
    }
    overview_write(publisher->overview, view);
}

/* The child processes, as the supervisor sees them. */
#include "process/children.h"

#include "ops/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILL_AFTER_DRAIN_MS = 2000 };

_Static_assert((int)HEARTBEAT_SLOTS <= (int)METRICS_SLOTS, "a child has the same slot of both");
_Static_assert((int)PAUSE_SLOTS == (int)HEARTBEAT_SLOTS, "a worker has the same slot in both");

enum { ROLES = CHILD_VALIDATOR + 1 };

/* Logs an event of a child, whose message differs by its role. */
static void tell(const struct children *children, enum log_level level,
                 const char *const messages[ROLES], const struct child *child, const char *reason) {
    log_write(children->logger, level, messages[child->role], "{s:i, s:i, s:s*}", "index",
              (int)child->index, "pid", (int)child->pid, "reason", reason);
}

static struct child *find(struct children *children, pid_t pid) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (children->all[i].pid == pid) {
            return &children->all[i];
        }
    }
    return NULL;
}

/* To be called after each change of a state. */
static void count_states(const struct children *children) {
    uint64_t counts[METRICS_WORKER_STATES] = {0};
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        const struct child *child = &children->all[i];
        enum child_state state = child->role == CHILD_WORKER ? child->state : CHILD_NONE;
        counts[METRICS_WORKER_STARTING] += state == CHILD_STARTING;
        counts[METRICS_WORKER_READY] += state == CHILD_READY;
        counts[METRICS_WORKER_DRAINING] += state == CHILD_DRAINING;
    }
    for (size_t i = 0; i < METRICS_WORKER_STATES; i++) {
        metrics_set(&metrics_memory_service(children->metrics)->workers[i], counts[i]);
    }
}

static void forget_ready_pipe(struct child *child) {
    watch_stop(&child->readiness);
    if (child->ready_pipe >= 0) {
        close(child->ready_pipe);
        child->ready_pipe = -1;
    }
}

static void on_ready_pipe(void *owner) {
    struct child *child = owner;
    uint64_t edition = 0;
    bool is_ready = read(child->ready_pipe, &edition, sizeof edition) > 0;
    forget_ready_pipe(child); /* closed without a word: its end shows by SIGCHLD */
    if (is_ready && child->state == CHILD_STARTING) {
        child->state = CHILD_READY;
        child->edition = edition;
        count_states(child->children);
        child->children->on_ready(child->children->owner, child);
    }
}

bool children_init(struct children *children, struct event_base *base, const struct logger *logger,
                   const struct metrics_memory *metrics, children_on_ready *on_ready, void *owner) {
    children->base = base;
    children->logger = logger;
    children->metrics = metrics;
    children->on_ready = on_ready;
    children->owner = owner;
    children->heartbeats = heartbeats_create(&children->heartbeats_descriptor);
    children->pause = pause_create(&children->pause_descriptor);
    return children->heartbeats && children->pause;
}

/* Runs the program; -1 with errno set. */
static pid_t run(struct child *child, const struct spawn *like) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return -1;
    }
    child->ready_pipe = ends[0];
    watch_init_descriptor(&child->readiness, child->children->base, ends[0], EV_READ, on_ready_pipe,
                          child);
    struct spawn spawn = *like;
    spawn.identity.heartbeat_slot = (int)(child - child->children->all);
    spawn.identity.supervisor_pid = getpid();
    spawn.heartbeats = child->children->heartbeats_descriptor;
    spawn.metrics = child->children->metrics->descriptor;
    spawn.pause = child->children->pause_descriptor;
    spawn.ready_pipe = ends[1];
    pid_t pid = watch_start(&child->readiness) ? spawn_child(&spawn) : -1;
    int reason = errno;
    close(ends[1]);
    if (pid < 0) {
        forget_ready_pipe(child);
    }
    errno = reason;
    return pid;
}

static bool is_writer(const struct spawn *spawn) {
    return spawn->role == CHILD_WORKER ||
           (spawn->role == CHILD_ADMIN && *spawn->config->moderation_tokens);
}

bool children_start(struct children *children, const struct spawn *spawn, unsigned generation) {
    struct child *child = find(children, 0);
    pid_t pid = -1;
    errno = EAGAIN;
    if (child) {
        *child = (struct child){.children = children,
                                .role = spawn->role,
                                .index = (unsigned)spawn->identity.index,
                                .generation = generation,
                                .is_writer = is_writer(spawn),
                                .started_ms = clock_ms(),
                                .ready_pipe = -1};
        atomic_store(&children->heartbeats->is_ready[child - children->all], false);
        atomic_store(&children->heartbeats->beat_ms[child - children->all], child->started_ms);
        bool has_room = spawn->role == CHILD_ADMIN ||
                        metrics_memory_reserve(children->metrics, (size_t)(child - children->all));
        pid = has_room ? run(child, spawn) : -1;
    }
    if (pid < 0 && errno == children->told_failure) {
        return false;
    }
    if (pid < 0) {
        children->told_failure = errno;
        static const char *const failures[ROLES] = {
            [CHILD_WORKER] = "a worker cannot be started",
            [CHILD_ADMIN] = "the admin process cannot be started",
            [CHILD_VALIDATOR] = "the validator cannot be started"};
        log_write(children->logger, LOG_LEVEL_ERROR, failures[spawn->role], "{s:i, s:s}", "index",
                  spawn->identity.index, "reason", strerror(errno));
        return false;
    }
    children->told_failure = 0;
    child->pid = pid;
    child->state = CHILD_STARTING;
    metrics_add(&metrics_memory_service(children->metrics)->worker_starts,
                child->role == CHILD_WORKER);
    count_states(children);
    static const char *const messages[ROLES] = {[CHILD_WORKER] = "worker started",
                                                [CHILD_ADMIN] = "admin process started",
                                                [CHILD_VALIDATOR] = "validator started"};
    tell(children, LOG_LEVEL_INFO, messages, child, NULL);
    return true;
}

bool children_reap(struct children *children, struct child_exit *exit) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child *child = find(children, pid);
        if (child) {
            *exit = (struct child_exit){
                .role = child->role,
                .pid = pid,
                .index = child->index,
                .generation = child->generation,
                .was_writer = child->is_writer,
                .lived_ms = clock_ms() - child->started_ms,
                .was_draining = child->state == CHILD_DRAINING,
                .killed_for = child->killed_for,
                .was_quiet = pause_is_quiet(children->pause, (size_t)(child - children->all)),
                .status = status,
            };
            forget_ready_pipe(child);
            atomic_store(&children->heartbeats->is_ready[child - children->all], false);
            metrics_memory_end(children->metrics, (size_t)(child - children->all));
            pause_forget(children->pause, (size_t)(child - children->all));
            *child = (struct child){.ready_pipe = -1};
            count_states(children);
            return true;
        }
    }
    return false;
}

bool children_have_no_worker(const struct children *children) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        const struct child *child = &children->all[i];
        if (child->state != CHILD_NONE && child->role == CHILD_WORKER) {
            return false;
        }
    }
    return true;
}

bool children_are_gone(const struct children *children) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (children->all[i].state != CHILD_NONE) {
            return false;
        }
    }
    return true;
}

unsigned children_count_ready(const struct children *children, unsigned generation) {
    unsigned ready = 0;
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        const struct child *child = &children->all[i];
        ready += child->state == CHILD_READY && child->role == CHILD_WORKER &&
                 child->generation == generation;
    }
    return ready;
}

static bool is_working(const struct children *children, const struct child *child, int64_t now_ms) {
    int64_t beat_ms = atomic_load(&children->heartbeats->beat_ms[child - children->all]);
    bool is_due = child->state == CHILD_STARTING || child->state == CHILD_READY;
    return child->role == CHILD_WORKER && is_due && beat_ms > child->started_ms &&
           now_ms - beat_ms <= CHILDREN_HANG_AFTER_MS;
}

unsigned children_count_working(const struct children *children, unsigned generation,
                                int64_t now_ms) {
    unsigned working = 0;
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        const struct child *child = &children->all[i];
        working += child->generation == generation && is_working(children, child, now_ms);
    }
    return working;
}

static void drain(struct child *child, int64_t drain_timeout_ms) {
    if (child->state != CHILD_NONE && child->state != CHILD_DRAINING) {
        child->state = CHILD_DRAINING;
        child->kill_at_ms = clock_ms() + drain_timeout_ms + KILL_AFTER_DRAIN_MS;
        kill(child->pid, SIGTERM);
    }
}

void children_drain(struct children *children, unsigned generation, int64_t drain_timeout_ms) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (children->all[i].generation == generation) {
            drain(&children->all[i], drain_timeout_ms);
        }
    }
    count_states(children);
}

void children_drain_others(struct children *children, unsigned generation,
                           int64_t drain_timeout_ms) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (children->all[i].generation != generation) {
            drain(&children->all[i], drain_timeout_ms);
        }
    }
    count_states(children);
}

void children_drain_workers(struct children *children, int64_t drain_timeout_ms) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (children->all[i].role == CHILD_WORKER) {
            drain(&children->all[i], drain_timeout_ms);
        }
    }
    count_states(children);
}

void children_tell_stopping(const struct children *children) {
    atomic_store(&children->heartbeats->is_stopping, true);
}

static enum child_fault find_fault(const struct children *children, const struct child *child,
                                   int64_t now_ms) {
    int64_t beat_ms = atomic_load(&children->heartbeats->beat_ms[child - children->all]);
    if (now_ms - beat_ms > CHILDREN_HANG_AFTER_MS) {
        return CHILD_HANGS;
    }
    bool is_late = child->state == CHILD_DRAINING && now_ms > child->kill_at_ms;
    return is_late ? CHILD_DRAINS_LONG : CHILD_WELL;
}

void children_kill_hung(struct children *children, int64_t now_ms) {
    static const char *const reasons[] = {[CHILD_HANGS] = "its heartbeat stopped",
                                          [CHILD_DRAINS_LONG] = "it did not finish draining"};
    static const char *const messages[ROLES] = {[CHILD_WORKER] = "killing a worker",
                                                [CHILD_ADMIN] = "killing the admin process",
                                                [CHILD_VALIDATOR] = "killing the validator"};
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        struct child *child = &children->all[i];
        enum child_fault fault =
            child->state == CHILD_NONE ? CHILD_WELL : find_fault(children, child, now_ms);
        if (fault != CHILD_WELL) {
            tell(children, LOG_LEVEL_ERROR, messages, child, reasons[fault]);
            child->killed_for = fault;
            kill(child->pid, SIGKILL);
        }
    }
}

/* The supervisor: sockets, workers, reload, stop. */
#include "process/supervisor.h"

#include "cache/generations.h"
#include "cache/shared_pages.h"
#include "ops/backoff.h"
#include "ops/clock.h"
#include "ops/version.h"
#include "process/heartbeat.h"
#include "process/listener.h"
#include "process/spawn.h"
#include "process/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WORKERS_MAX = 256, /* as QA_WORKERS */
    SIGNAL_COUNT = 4,
    TICK_MS = 500,
    HANG_AFTER_MS = 5000,    /* without a heartbeat */
    READY_WITHIN_MS = 10000, /* of a reload */
    KILL_AFTER_DRAIN_MS = 2000,
    STEADY_AFTER_MS = 1000, /* a worker that lived so long is replaced at once */
    LONGEST_BACKOFF_MS = 1000
};

_Static_assert(HEARTBEAT_SLOTS >= 4 * WORKERS_MAX, "two generations, and as many still draining");

/* One worker process. It is free when pid is 0; its place in the table is its heartbeat slot. */
struct child {
    struct supervisor *supervisor;
    pid_t pid;
    unsigned index;      /* which of the N workers */
    unsigned generation; /* of settings and program */
    int64_t started_ms;
    int64_t kill_at_ms; /* set when it has been told to drain */
    bool ready;
    int ready_pipe; /* -1 once it has said so */
    struct event *on_ready;
};

/* One of the N places for a worker. */
struct place {
    struct supervisor *supervisor;
    int socket; /* -1: not open */
    struct backoff backoff;
    struct event *restart;
};

/* What the workers of one generation have in common, and share with no other: settings decide what
 * a page shows. */
struct setup {
    struct config config;
    int shared_pages; /* descriptor of cache/shared_pages.h; -1: none */
};

struct supervisor {
    struct supervisor_options options;
    struct logger logger;
    struct event_base *base;
    struct setup current;     /* of the current generation */
    struct setup next;        /* of the one that a reload is starting */
    unsigned generation;      /* the current one */
    unsigned next_generation; /* the one that a reload is starting, or last tried to */
    int64_t reload_until_ms;  /* 0: no reload under way */
    bool reload_again;        /* when the one under way is over */
    bool stopping;
    int64_t ticked_ms;
    int heartbeat_descriptor;
    struct heartbeats *heartbeats;
    int generations_descriptor;
    struct generations *generations;
    struct generations_seat seat;
    uint64_t epoch;       /* the last seen */
    bool has_lost_shared; /* QA_SHARED_FILE names another file, or none */
    struct event *signals[SIGNAL_COUNT];
    struct event *tick;
    struct place places[WORKERS_MAX];
    struct child children[HEARTBEAT_SLOTS];
};

static const struct setup *setup_of(const struct supervisor *supervisor, unsigned generation) {
    return generation == supervisor->generation ? &supervisor->current : &supervisor->next;
}

/* Makes what the settings ask for. */
static bool prepare_setup(struct setup *setup, char *error, size_t error_size) {
    setup->shared_pages = -1;
    if (setup->config.shared_cache_mb > 0) {
        setup->shared_pages = shared_pages_create((size_t)setup->config.shared_cache_mb);
        if (setup->shared_pages < 0) {
            snprintf(error, error_size, "QA_SHARED_CACHE_MB: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

static void clear_setup(struct setup *setup) {
    config_free(&setup->config);
    if (setup->shared_pages >= 0) {
        close(setup->shared_pages);
    }
    setup->shared_pages = -1;
}

static struct child *free_child(struct supervisor *supervisor) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (supervisor->children[i].pid == 0) {
            return &supervisor->children[i];
        }
    }
    return NULL;
}

static pid_t spawn(const struct supervisor *supervisor, const struct child *child, int ready_pipe) {
    const struct setup *setup = setup_of(supervisor, child->generation);
    const struct spawn spawn = {
        .program = supervisor->options.program,
        .config = &setup->config,
        .identity = {.index = (int)child->index,
                     .heartbeat_slot = (int)(child - supervisor->children),
                     .supervisor_pid = getpid()},
        .descriptors = {supervisor->places[child->index].socket, ready_pipe,
                        supervisor->heartbeat_descriptor, supervisor->generations_descriptor,
                        setup->shared_pages},
    };
    return spawn_worker(&spawn);
}

static void on_child_ready(evutil_socket_t descriptor, short what, void *argument);

static void forget_ready_pipe(struct child *child) {
    if (child->on_ready) {
        event_free(child->on_ready);
        child->on_ready = NULL;
    }
    if (child->ready_pipe >= 0) {
        close(child->ready_pipe);
        child->ready_pipe = -1;
    }
}

static bool start_worker(struct supervisor *supervisor, unsigned index, unsigned generation) {
    struct child *child = free_child(supervisor);
    int pipe_ends[2];
    if (!child || pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR, "a worker cannot be started", "{s:i}",
                  "index", (int)index);
        return false;
    }
    *child = (struct child){.supervisor = supervisor,
                            .index = index,
                            .generation = generation,
                            .started_ms = clock_ms(),
                            .ready_pipe = pipe_ends[0]};
    atomic_store(&supervisor->heartbeats->beat_ms[child - supervisor->children], child->started_ms);
    child->on_ready = event_new(supervisor->base, pipe_ends[0], EV_READ, on_child_ready, child);
    pid_t pid = child->on_ready && event_add(child->on_ready, NULL) == 0
                    ? spawn(supervisor, child, pipe_ends[1])
                    : -1;
    int reason = errno;
    close(pipe_ends[1]);
    if (pid < 0) {
        forget_ready_pipe(child);
        log_write(&supervisor->logger, LOG_LEVEL_ERROR, "a worker cannot be started", "{s:i, s:s}",
                  "index", (int)index, "reason", strerror(reason));
        return false;
    }
    child->pid = pid;
    log_write(&supervisor->logger, LOG_LEVEL_INFO, "worker started", "{s:i, s:i}", "index",
              (int)index, "pid", (int)child->pid);
    return true;
}

static void restart_later(struct place *place) {
    const struct timeval delay =
        clock_duration(backoff_next_ms(&place->backoff, (uint32_t)random()));
    event_add(place->restart, &delay);
}

static void on_restart(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct place *place = argument;
    struct supervisor *supervisor = place->supervisor;
    if (!supervisor->stopping && place->socket >= 0 &&
        !start_worker(supervisor, (unsigned)(place - supervisor->places), supervisor->generation)) {
        restart_later(place);
    }
}

static void tell_to_drain(struct child *child) {
    if (child->pid != 0 && child->kill_at_ms == 0) {
        child->kill_at_ms =
            clock_ms() + child->supervisor->current.config.drain_timeout_ms + KILL_AFTER_DRAIN_MS;
        kill(child->pid, SIGTERM);
    }
}

/* Opens the sockets of places [0, count) that are closed. */
static bool open_places(struct supervisor *supervisor, const struct config *config, char *error,
                        size_t error_size) {
    for (unsigned i = 0; i < (unsigned)config->workers; i++) {
        struct place *place = &supervisor->places[i];
        if (place->socket < 0) {
            place->socket = listener_open(config->listen, i, error, error_size);
        }
        if (place->socket < 0) {
            return false;
        }
    }
    return true;
}

/* Closes the sockets of places from `first` on. */
static void close_places(struct supervisor *supervisor, unsigned first) {
    for (unsigned i = first; i < WORKERS_MAX; i++) {
        if (supervisor->places[i].socket >= 0) {
            listener_close(supervisor->places[i].socket);
            supervisor->places[i].socket = -1;
        }
    }
}

static void abandon_reload(struct supervisor *supervisor, const char *reason) {
    log_write(&supervisor->logger, LOG_LEVEL_ERROR,
              "the reload failed; the old workers and settings stay", "{s:s}", "reason", reason);
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (supervisor->children[i].generation == supervisor->next_generation) {
            tell_to_drain(&supervisor->children[i]);
        }
    }
    close_places(supervisor, (unsigned)supervisor->current.config.workers);
    clear_setup(&supervisor->next);
    supervisor->reload_until_ms = 0;
}

static bool next_generation_is_ready(const struct supervisor *supervisor) {
    int64_t ready = 0;
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        const struct child *child = &supervisor->children[i];
        ready +=
            child->pid != 0 && child->ready && child->generation == supervisor->next_generation;
    }
    return ready == supervisor->next.config.workers;
}

static void complete_reload(struct supervisor *supervisor) {
    supervisor->generation = supervisor->next_generation;
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (supervisor->children[i].generation != supervisor->generation) {
            tell_to_drain(&supervisor->children[i]);
        }
    }
    clear_setup(&supervisor->current);
    supervisor->current = supervisor->next;
    supervisor->next = (struct setup){.shared_pages = -1};
    supervisor->logger.level = supervisor->current.config.log_level;
    close_places(supervisor, (unsigned)supervisor->current.config.workers);
    log_write(&supervisor->logger, LOG_LEVEL_INFO, "reloaded", NULL);
    supervisor->reload_until_ms = 0;
}

static void start_reload(struct supervisor *supervisor) {
    char error[512];
    if (config_load(&supervisor->next.config, supervisor->options.argc, supervisor->options.argv,
                    error, sizeof error) != CONFIG_OK) {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR,
                  "the reload failed; the old workers and settings stay", "{s:s}", "reason", error);
        return;
    }
    supervisor->reload_until_ms = clock_ms() + READY_WITHIN_MS;
    supervisor->next_generation++;
    if (strcmp(supervisor->next.config.listen, supervisor->current.config.listen) != 0) {
        abandon_reload(supervisor, "QA_LISTEN cannot change while the service runs");
    } else if (strcmp(supervisor->next.config.shared_file,
                      supervisor->current.config.shared_file) != 0) {
        /* Old and new workers, which serve side by side for a while, would not share it. */
        abandon_reload(supervisor, "QA_SHARED_FILE cannot change while the service runs");
    } else if (!supervisor->options.check(&supervisor->next.config, error, sizeof error) ||
               !prepare_setup(&supervisor->next, error, sizeof error) ||
               !open_places(supervisor, &supervisor->next.config, error, sizeof error)) {
        abandon_reload(supervisor, error);
    } else {
        for (unsigned i = 0; i < (unsigned)supervisor->next.config.workers; i++) {
            if (!start_worker(supervisor, i, supervisor->next_generation)) {
                abandon_reload(supervisor, "a worker cannot be started");
                return;
            }
        }
    }
}

static void on_child_ready(evutil_socket_t descriptor, short what, void *argument) {
    (void)what;
    struct child *child = argument;
    char byte;
    child->ready = read(descriptor, &byte, 1) == 1;
    forget_ready_pipe(child); /* closed without a word: its end shows by SIGCHLD */
    struct supervisor *supervisor = child->supervisor;
    if (supervisor->reload_until_ms != 0 && next_generation_is_ready(supervisor)) {
        complete_reload(supervisor);
    }
}

/* Mends the shared file where it was truncated. Before anything of it is touched. */
static enum generations_file look_at_shared_file(struct supervisor *supervisor) {
    char error[256];
    enum generations_file file = generations_file_look(supervisor->current.config.shared_file,
                                                       supervisor->generations_descriptor);
    bool is_cut = file == GENERATIONS_FILE_CUT;
    if (is_cut) {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was truncated while in use; workers that touched it have died, "
                  "and all cached pages are made anew",
                  NULL);
    }
    /* A worker may have made a truncated file whole when it started: then counters began anew. */
    if ((is_cut || generations_note(supervisor->generations, 0).epoch < supervisor->epoch) &&
        !generations_restore(supervisor->generations, supervisor->generations_descriptor,
                             supervisor->epoch, error, sizeof error)) {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR, "the shared file cannot be made whole",
                  "{s:s}", "reason", error);
    }
    supervisor->epoch = generations_note(supervisor->generations, 0).epoch;
    return file;
}

/* While the file is lost to others, neither side sees what the other changes: so every page is made
 * anew at each tick, here and, where another file has the name, there. */
static void watch_shared_file(struct supervisor *supervisor) {
    const char *path = supervisor->current.config.shared_file;
    enum generations_file file = look_at_shared_file(supervisor);
    bool is_lost = file == GENERATIONS_FILE_LOST;
    if (is_lost && !supervisor->has_lost_shared) {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was removed or replaced while in use; until this service is "
                  "stopped and started, cached pages are kept for half a second only",
                  "{s:s}", "path", path);
    }
    supervisor->has_lost_shared = is_lost;
    if (is_lost) {
        char error[256];
        generations_doubt(supervisor->generations, clock_ms());
        (void)generations_tell(path, error, sizeof error);
    }
}

static bool has_children(const struct supervisor *supervisor) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (supervisor->children[i].pid != 0) {
            return true;
        }
    }
    return false;
}

static void replace(struct supervisor *supervisor, const struct child *dead) {
    struct place *place = &supervisor->places[dead->index];
    if (place->socket < 0) {
        return;
    }
    if (clock_ms() - dead->started_ms < STEADY_AFTER_MS) {
        restart_later(place);
        return;
    }
    backoff_reset(&place->backoff);
    if (!start_worker(supervisor, dead->index, supervisor->generation)) {
        restart_later(place);
    }
}

static void on_exit_of(struct supervisor *supervisor, struct child *child, int status) {
    const struct child dead = *child;
    forget_ready_pipe(child);
    child->pid = 0;
    bool told_to = dead.kill_at_ms != 0;
    (void)look_at_shared_file(supervisor);
    if (!told_to || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        /* It may have died between a commit and its generations, or have left a server process
         * behind that commits yet. One that drained has told of that itself. */
        generations_doubt(supervisor->generations, clock_ms());
        log_write(&supervisor->logger, LOG_LEVEL_ERROR, "a worker died", "{s:i, s:i, s:s, s:i}",
                  "index", (int)dead.index, "pid", (int)dead.pid, "by",
                  WIFSIGNALED(status) ? "signal" : "exit status", "value",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    if (supervisor->stopping) {
        if (!has_children(supervisor)) {
            event_base_loopbreak(supervisor->base);
        }
    } else if (!told_to && dead.generation != supervisor->generation) {
        abandon_reload(supervisor, "a new worker died");
    } else if (dead.generation == supervisor->generation) {
        replace(supervisor, &dead);
    }
}

static void on_child_signal(evutil_socket_t number, short what, void *argument) {
    (void)number;
    (void)what;
    struct supervisor *supervisor = argument;
    int status;
    pid_t pid;
    /* As process 1 of a container it also reaps what others left behind. */
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
            if (supervisor->children[i].pid == pid) {
                on_exit_of(supervisor, &supervisor->children[i], status);
                break;
            }
        }
    }
}

static void on_stop_signal(evutil_socket_t number, short what, void *argument) {
    (void)number;
    (void)what;
    struct supervisor *supervisor = argument;
    if (supervisor->stopping) {
        return;
    }
    supervisor->stopping = true;
    log_write(&supervisor->logger, LOG_LEVEL_INFO, "stopping", NULL);
    close_places(supervisor, 0);
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        tell_to_drain(&supervisor->children[i]);
    }
    if (!has_children(supervisor)) {
        event_base_loopbreak(supervisor->base);
    }
}

static void on_reload_signal(evutil_socket_t number, short what, void *argument) {
    (void)number;
    (void)what;
    struct supervisor *supervisor = argument;
    if (supervisor->stopping) {
        return;
    }
    if (supervisor->reload_until_ms != 0) {
        supervisor->reload_again = true;
    } else {
        start_reload(supervisor);
    }
}

static void check_child(struct supervisor *supervisor, const struct child *child, int64_t now) {
    int64_t beat = atomic_load(&supervisor->heartbeats->beat_ms[child - supervisor->children]);
    const char *reason = NULL;
    if (now - beat > HANG_AFTER_MS) {
        reason = "its heartbeat stopped";
    } else if (child->kill_at_ms != 0 && now > child->kill_at_ms) {
        reason = "it did not finish draining";
    }
    if (reason) {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR, "killing a worker", "{s:i, s:i, s:s}",
                  "index", (int)child->index, "pid", (int)child->pid, "reason", reason);
        kill(child->pid, SIGKILL);
    }
}

/* Shows those who share the file that this service lives, and sees whether they do. */
static void beat(struct supervisor *supervisor) {
    if (generations_beat(supervisor->generations, &supervisor->seat, clock_ms())) {
        log_write(&supervisor->logger, LOG_LEVEL_WARNING,
                  "another service of QA_SHARED_FILE has died; all cached pages are made anew",
                  NULL);
    }
}

static void on_tick(evutil_socket_t descriptor, short what, void *argument) {
    (void)descriptor;
    (void)what;
    struct supervisor *supervisor = argument;
    int64_t now = clock_ms();
    /* After a stop of the whole process group the workers get the time to beat again. */
    bool was_stopped = now - supervisor->ticked_ms > HANG_AFTER_MS / 2;
    supervisor->ticked_ms = now;
    log_tell_lost(&supervisor->logger);
    watch_shared_file(supervisor);
    beat(supervisor);
    for (size_t i = 0; !was_stopped && i < HEARTBEAT_SLOTS; i++) {
        if (supervisor->children[i].pid != 0) {
            check_child(supervisor, &supervisor->children[i], now);
        }
    }
    if (supervisor->reload_until_ms != 0 && now > supervisor->reload_until_ms) {
        abandon_reload(supervisor, "the new workers did not get ready in time");
    }
    if (supervisor->reload_until_ms == 0 && supervisor->reload_again && !supervisor->stopping) {
        supervisor->reload_again = false;
        start_reload(supervisor);
    }
}

/* The descriptors that workers expect must not be in use here: a dup2() would overwrite them. */
static bool reserve_descriptors(void) {
    for (;;) {
        int descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (descriptor < 0 || descriptor >= WORKER_FDS_END) {
            return descriptor >= 0 && close(descriptor) == 0;
        }
    }
}

static bool start_events(struct supervisor *supervisor) {
    static const struct {
        int number;
        event_callback_fn handle;
    } signals[SIGNAL_COUNT] = {{SIGCHLD, on_child_signal},
                               {SIGTERM, on_stop_signal},
                               {SIGINT, on_stop_signal},
                               {SIGHUP, on_reload_signal}};
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        supervisor->signals[i] =
            evsignal_new(supervisor->base, signals[i].number, signals[i].handle, supervisor);
        if (!supervisor->signals[i] || event_add(supervisor->signals[i], NULL) != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct place *place = &supervisor->places[i];
        place->restart = evtimer_new(supervisor->base, on_restart, place);
        if (!place->restart) {
            return false;
        }
    }
    const struct timeval interval = clock_duration(TICK_MS);
    supervisor->tick = event_new(supervisor->base, -1, EV_PERSIST, on_tick, supervisor);
    return supervisor->tick && event_add(supervisor->tick, &interval) == 0;
}

static void free_event(struct event *event) {
    if (event) {
        event_free(event);
    }
}

static void supervisor_free(struct supervisor *supervisor) {
    close_places(supervisor, 0);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        free_event(supervisor->signals[i]);
    }
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        free_event(supervisor->places[i].restart);
    }
    free_event(supervisor->tick);
    if (supervisor->base) {
        event_base_free(supervisor->base);
    }
    clear_setup(&supervisor->current);
    clear_setup(&supervisor->next);
    free(supervisor);
}

static struct supervisor *supervisor_new(const struct supervisor_options *options) {
    /* Too large for a stack. */
    struct supervisor *supervisor = calloc(1, sizeof *supervisor);
    if (!supervisor) {
        return NULL;
    }
    supervisor->options = *options;
    supervisor->current = (struct setup){.config = *options->config, .shared_pages = -1};
    supervisor->next.shared_pages = -1;
    supervisor->logger =
        (struct logger){.level = supervisor->current.config.log_level, .worker = -1};
    supervisor->generation = supervisor->next_generation = 1;
    supervisor->ticked_ms = clock_ms();
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        supervisor->places[i] =
            (struct place){.supervisor = supervisor,
                           .socket = -1,
                           .backoff = {.first_ms = 50, .limit_ms = LONGEST_BACKOFF_MS}};
    }
    return supervisor;
}

static bool start(struct supervisor *supervisor, char *error, size_t error_size) {
    bool reserved = reserve_descriptors();
    supervisor->base = event_base_new();
    supervisor->heartbeats = heartbeats_create(&supervisor->heartbeat_descriptor);
    if (!reserved || !supervisor->base || !supervisor->heartbeats || !start_events(supervisor)) {
        snprintf(error, error_size, "%s", strerror(errno));
        return false;
    }
    supervisor->generations_descriptor =
        generations_file_open(supervisor->current.config.shared_file, error, error_size);
    if (supervisor->generations_descriptor < 0) {
        return false;
    }
    supervisor->generations =
        generations_map(supervisor->generations_descriptor, error, error_size);
    if (!supervisor->generations) {
        return false;
    }
    generations_doubt(supervisor->generations, clock_ms());
    if (!prepare_setup(&supervisor->current, error, error_size) ||
        !open_places(supervisor, &supervisor->current.config, error, error_size)) {
        return false;
    }
    beat(supervisor);
    return true;
}

int supervisor_run(const struct supervisor_options *options) {
    struct supervisor *supervisor = supervisor_new(options);
    if (!supervisor) {
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    int status = EXIT_FAILURE;
    char error[256];
    if (start(supervisor, error, sizeof error)) {
        for (unsigned i = 0; i < (unsigned)supervisor->current.config.workers; i++) {
            on_restart(-1, 0, &supervisor->places[i]);
        }
        log_write(&supervisor->logger, LOG_LEVEL_INFO, "serving", "{s:s, s:s, s:i, s:s}", "version",
                  version_number, "revision", version_revision, "workers",
                  (int)supervisor->current.config.workers, "listen",
                  supervisor->current.config.listen);
        event_base_dispatch(supervisor->base);
        status = EXIT_SUCCESS;
        generations_leave(supervisor->generations, &supervisor->seat);
        log_write(&supervisor->logger, LOG_LEVEL_INFO, "stopped", NULL);
    } else {
        log_write(&supervisor->logger, LOG_LEVEL_ERROR, "the service cannot start", "{s:s}",
                  "reason", error);
    }
    supervisor_free(supervisor);
    return status;
}

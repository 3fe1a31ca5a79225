/* The supervisor: signals and time, and what they mean to the service. */
#include "process/supervisor.h"

#include "ops/clock.h"
#include "ops/error_text.h"
#include "ops/log_file.h"
#include "ops/version.h"
#include "process/announcer.h"
#include "process/deaths.h"
#include "process/inherited.h"
#include "process/lifecycle.h"
#include "process/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SIGNAL_COUNT = 5,
    TICK_MS = 500,
    JOIN_EACH_MS = 20,
    JOIN_AFTER_DRAIN_MS = 2000, /* longer than workers of a service that died may take */
    READY_WITHIN_MS = 10000,    /* of a reload */
    FIRST_OWN_FD =
        (int)WORKER_FDS_END > (int)ADMIN_FDS_END ? (int)WORKER_FDS_END : (int)ADMIN_FDS_END
};

_Static_assert(HEARTBEAT_SLOTS >= 4 * PLACES_MAX, "two versions, and as many still draining");

struct supervisor {
    struct reload_source source;
    struct event_base *base;
    struct service service;
    enum lifecycle_state state;
    struct announcer announcer;
    bool is_joining;         /* no worker has been started yet */
    int64_t reload_until_ms; /* while a reload is under way */
    int64_t ticked_ms;
    struct watch signals[SIGNAL_COUNT];
    struct timer tick;
};

/* For the admin process; after each event. */
static void publish(struct supervisor *supervisor) {
    struct service *service = &supervisor->service;
    struct service_view *view = &service->publisher.view;
    view->generation = service->current.generation;
    view->wanted_workers = service->current.config.workers;
    view->is_reloading = lifecycle_is_reloading(supervisor->state);
    view->is_stopping = supervisor->state == LIFECYCLE_STOPPING;
    publisher_show(&service->publisher, &service->children);
}

/* While the service stops: the admin process ends after the workers, so that it can tell of them.
 */
static void end_if_workers_are_gone(struct supervisor *supervisor) {
    struct children *children = &supervisor->service.children;
    if (supervisor->state != LIFECYCLE_STOPPING || !children_have_no_worker(children)) {
        return;
    }
    children_drain_others(children, 0, supervisor->service.current.config.drain_timeout_ms);
    if (children_are_gone(children)) {
        event_base_loopbreak(supervisor->base);
    }
}

static void announce(struct supervisor *supervisor) {
    announcer_update(&supervisor->announcer, &supervisor->service, supervisor->state, clock_ms());
}

/* Does what an event asks for; `reason` is that of a failure. */
static void handle(struct supervisor *supervisor, enum lifecycle_event event, const char *reason) {
    struct service *service = &supervisor->service;
    char error[512];
    switch (lifecycle_step(&supervisor->state, event)) {
    case LIFECYCLE_START_NEXT:
        announce(supervisor); /* before what may take long */
        supervisor->reload_until_ms = clock_ms() + READY_WITHIN_MS;
        if (!reload_start(service, &supervisor->source, error, sizeof error)) {
            handle(supervisor, LIFECYCLE_FAILED, error);
        }
        break;
    case LIFECYCLE_COMPLETE:
        reload_complete(service);
        publisher_note_reload(&service->publisher, true, service->current.generation);
        break;
    case LIFECYCLE_ABANDON:
        reload_abandon(service, reason);
        publisher_note_reload(&service->publisher, false, service->next.generation);
        break;
    case LIFECYCLE_DRAIN_ALL:
        log_write(&service->logger, LOG_LEVEL_INFO, "stopping", NULL);
        children_tell_stopping(&service->children);
        publish(supervisor);
        member_stop(&service->member);
        places_close(&service->places, 0);
        places_forget_restarts(&service->places);
        children_drain_workers(&service->children, service->current.config.drain_timeout_ms);
        end_if_workers_are_gone(supervisor);
        break;
    case LIFECYCLE_NOTHING:
        break;
    }
    announce(supervisor);
}

static void on_ready(void *owner, const struct child *child) {
    struct supervisor *supervisor = owner;
    struct service *service = &supervisor->service;
    publish(supervisor);
    if (child->role != CHILD_WORKER) {
        return;
    }
    if (child->generation == service->current.generation) {
        service->current.edition = child->edition;
        member_set_edition(&service->member, child->edition);
    } else if (child->generation == service->next.generation) {
        service->next.edition = child->edition;
    }
    if (lifecycle_is_reloading(supervisor->state) && reload_is_ready(service)) {
        handle(supervisor, LIFECYCLE_READY, NULL);
        publish(supervisor);
    }
    announce(supervisor);
}

static void on_exit_of(struct supervisor *supervisor, const struct child_exit *dead) {
    struct service *service = &supervisor->service;
    bool is_death = death_is_one(dead, supervisor->state == LIFECYCLE_STOPPING);
    if (is_death && dead->was_writer && !dead->was_quiet) {
        member_doubt(&service->member,
                     dead->role == CHILD_WORKER ? METRICS_WORKER_DIED : METRICS_ADMIN_DIED);
    }
    if (is_death) {
        death_tell(service, dead);
    }
    bool is_current = dead->generation == service->current.generation;
    switch (lifecycle_on_exit(supervisor->state, is_current, dead->was_draining)) {
    case LIFECYCLE_REPLACE:
        service_replace(service, dead);
        break;
    case LIFECYCLE_BREAKS:
        handle(supervisor, LIFECYCLE_FAILED,
               dead->role == CHILD_WORKER ? "a new worker died" : "the new validator died");
        break;
    case LIFECYCLE_EXPECTED:
        break;
    }
}

static void on_child_signal(void *owner) {
    struct supervisor *supervisor = owner;
    struct child_exit dead;
    while (children_reap(&supervisor->service.children, &dead)) {
        on_exit_of(supervisor, &dead);
    }
    end_if_workers_are_gone(supervisor);
    publish(supervisor);
}

static void on_stop_signal(void *owner) {
    handle(owner, LIFECYCLE_STOP, NULL);
    publish(owner);
}

/* New workers get ready only when a pause is over, and must not take the place of the old ones,
 * where clients wait. */
static bool is_paused(const struct supervisor *supervisor) {
    return pause_number(supervisor->service.children.pause, clock_ms()) != 0;
}

static void on_reload_signal(void *owner) {
    struct supervisor *supervisor = owner;
    bool later = supervisor->is_joining || is_paused(supervisor);
    handle(supervisor, later ? LIFECYCLE_RELOAD_LATER : LIFECYCLE_RELOAD, NULL);
    publish(supervisor);
}

/* Before a line has to be written. */
static void on_rotate_signal(void *owner) {
    (void)owner;
    log_file_follow();
}

/* In a pause no time counts for a reload. */
static void look_after_reload(struct supervisor *supervisor, int64_t now_ms) {
    if (is_paused(supervisor)) {
        supervisor->reload_until_ms = now_ms + READY_WITHIN_MS;
        return;
    }
    if (lifecycle_is_reloading(supervisor->state) && now_ms > supervisor->reload_until_ms) {
        handle(supervisor, LIFECYCLE_FAILED, "the new workers did not get ready in time");
    }
    handle(supervisor, LIFECYCLE_TICK, NULL);
}

static void on_tick(void *owner) {
    struct supervisor *supervisor = owner;
    struct service *service = &supervisor->service;
    int64_t now_ms = clock_ms();
    timer_start(&supervisor->tick, TICK_MS);
    /* After a stop of the whole process group the workers get the time to beat again. */
    bool was_stopped = now_ms - supervisor->ticked_ms > CHILDREN_HANG_AFTER_MS / 2;
    supervisor->ticked_ms = now_ms;
    log_tell_lost(&service->logger);
    member_watch(&service->member);
    if (!was_stopped) {
        children_kill_hung(&service->children, now_ms);
    }
    look_after_reload(supervisor, now_ms);
    publish(supervisor);
}

static void on_restart(void *owner, unsigned index) {
    struct supervisor *supervisor = owner;
    service_keep(&supervisor->service, index);
    publish(supervisor);
}

/* The descriptors that children expect must not be in use here: a dup2() would overwrite them. */
static bool reserve_descriptors(void) {
    for (;;) {
        int descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (descriptor < 0 || descriptor >= FIRST_OWN_FD) {
            return descriptor >= 0 && close(descriptor) == 0;
        }
    }
}

static bool start_events(struct supervisor *supervisor) {
    static const struct {
        int number;
        watch_on_event *handle;
    } signals[SIGNAL_COUNT] = {{SIGCHLD, on_child_signal},
                               {SIGTERM, on_stop_signal},
                               {SIGINT, on_stop_signal},
                               {SIGHUP, on_reload_signal},
                               {SIGUSR1, on_rotate_signal}};
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        watch_init_signal(&supervisor->signals[i], supervisor->base, signals[i].number,
                          signals[i].handle, supervisor);
        if (!watch_start(&supervisor->signals[i])) {
            return false;
        }
    }
    return true;
}

static void supervisor_free(struct supervisor *supervisor) {
    struct service *service = &supervisor->service;
    places_free(&service->places);
    timer_stop(&supervisor->tick);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        watch_stop(&supervisor->signals[i]);
    }
    member_free(&service->member);
    announcer_free(&supervisor->announcer);
    if (supervisor->base) {
        event_base_free(supervisor->base);
    }
    setup_clear(&service->current);
    setup_clear(&service->next);
    free(supervisor);
}

static struct supervisor *supervisor_new(const struct supervisor_options *options) {
    /* Too large for a stack. */
    struct supervisor *supervisor = calloc(1, sizeof *supervisor);
    if (!supervisor) {
        return NULL;
    }
    supervisor->source = (struct reload_source){
        .argc = options->argc, .argv = options->argv, .check = options->check};
    struct service *service = &supervisor->service;
    service->program = options->program;
    service->logger = (struct logger){.level = options->config->log_level, .worker = -1};
    service->current = (struct setup){.generation = 1, .config = *options->config};
    service->next = (struct setup){.generation = 1};
    announcer_init(&supervisor->announcer, &service->logger);
    supervisor->ticked_ms = clock_ms();
    supervisor->base = event_base_new();
    timer_init(&supervisor->tick, supervisor->base, on_tick, supervisor);
    member_init(&service->member, supervisor->base, service->current.config.shared_file,
                &service->logger, &service->metrics);
    places_init(&service->places, supervisor->base, on_restart, supervisor);
    return supervisor;
}

/* Joins the services that share the memory. Where one has just died, or is just starting, that may
 * take until its workers have drained; meanwhile a stop is heeded. */
static bool join(struct supervisor *supervisor, char *error, size_t error_size) {
    const struct config *config = &supervisor->service.current.config;
    const struct timeval pause = clock_duration(JOIN_EACH_MS);
    int64_t until_ms = clock_ms() + config->drain_timeout_ms + JOIN_AFTER_DRAIN_MS;
    for (;;) {
        enum member_joining joining =
            member_join(&supervisor->service.member, config->cache_mb, error, error_size);
        if (joining != MEMBER_NOT_YET || clock_ms() >= until_ms) {
            return joining == MEMBER_JOINED;
        }
        event_base_loopexit(supervisor->base, &pause);
        event_base_dispatch(supervisor->base);
        if (supervisor->state == LIFECYCLE_STOPPING) {
            return false;
        }
    }
}

static void tell_of_own_sockets(const struct service *service) {
    unsigned own = places_count_own(&service->places, service->current.config.workers);
    if (own > 0) {
        log_write(
            &service->logger, LOG_LEVEL_WARNING,
            "the service manager has not opened the sockets of all workers: a restart refuses "
            "connections to the others",
            "{s:i}", "others", (int)own);
    }
}

static bool start(struct supervisor *supervisor, char *error, size_t error_size) {
    struct service *service = &supervisor->service;
    if (!inherited_take(&service->places, service->current.config.listen, FIRST_OWN_FD, error,
                        error_size)) {
        return false;
    }
    tell_of_own_sockets(service);
    if (!reserve_descriptors() || !supervisor->base || !metrics_memory_create(&service->metrics) ||
        !children_init(&service->children, supervisor->base, &service->logger, &service->metrics,
                       on_ready, supervisor) ||
        !publisher_init(&service->publisher) || !start_events(supervisor)) {
        return error_text(error, error_size, "%s", strerror(errno));
    }
    struct metrics_service *metrics = metrics_memory_service(&service->metrics);
    metrics_set(&metrics->started_s, (uint64_t)time(NULL));
    log_count_lost_in(&metrics->lost_lines);
    supervisor->is_joining = true;
    bool has_joined = join(supervisor, error, error_size);
    supervisor->is_joining = false;
    const struct config *config = &service->current.config;
    return has_joined && service_open_places(service, &service->current, error, error_size) &&
           places_open_admin(&service->places, config->admin_listen,
                             config->admin_listen_is_default, &service->logger, error, error_size);
}

static bool open_log(const struct config *config, char *error, size_t error_size) {
    return log_file_open(config->log_file) ||
           error_text(error, error_size, "QA_LOG_FILE: %s: %s", config->log_file, strerror(errno));
}

static void log_stop(const struct service *service) {
    const metrics_number *nginx = metrics_memory_service(&service->metrics)->nginx;
    log_write(&service->logger, LOG_LEVEL_INFO, "stopped", "{s:I, s:I}", "nginx_hits",
              (long long)metrics_total(nginx, METRICS_NGINX_HITS), "nginx_misses",
              (long long)metrics_total(nginx + METRICS_NGINX_HITS, METRICS_LISTS));
}

static void serve(struct supervisor *supervisor) {
    struct service *service = &supervisor->service;
    const struct config *config = &service->current.config;
    announcer_begin(&supervisor->announcer, clock_ms());
    for (unsigned i = 0; i < config->workers; i++) {
        service_keep(service, i);
    }
    service_expect_validator(service);
    service_keep(service, PLACE_OF_VALIDATOR);
    service_keep(service, PLACE_OF_ADMIN);
    on_tick(supervisor);
    log_write(&service->logger, LOG_LEVEL_INFO, "serving", "{s:s, s:s, s:i, s:s}", "version",
              version_number, "revision", version_revision, "workers", config->workers, "listen",
              config->listen);
    event_base_dispatch(supervisor->base);
    member_leave(&service->member);
    log_stop(service);
}

int supervisor_run(const struct supervisor_options *options) {
    struct supervisor *supervisor = supervisor_new(options);
    if (!supervisor) {
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    char error[512];
    bool ok =
        open_log(options->config, error, sizeof error) && start(supervisor, error, sizeof error);
    if (ok) {
        serve(supervisor);
    } else if (supervisor->state == LIFECYCLE_STOPPING) {
        ok = true;
    } else {
        log_write(&supervisor->service.logger, LOG_LEVEL_ERROR, "the service cannot start", "{s:s}",
                  "reason", error);
    }
    supervisor_free(supervisor);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The admin process: event loop, a server for each address, drain. */
#include "process/admin.h"

#include "admin/app.h"
#include "admin/desk.h"
#include "admin/guard.h"
#include "admin/moderators.h"
#include "admin/pauses.h"
#include "admin/routes.h"
#include "admin/sum.h"
#include "http/server.h"
#include "ops/certificate.h"
#include "ops/clock.h"
#include "ops/error_text.h"
#include "ops/log_file.h"
#include "ops/memory.h"
#include "ops/metrics.h"
#include "ops/metrics_memory.h"
#include "pages/shared_memory.h"
#include "process/overview.h"
#include "qa/commit_wait.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    MOST_CLIENTS = 64, /* at each address */
    /* Each response is sent at once. A browser that shows the status keeps a connection open, for
     * which no stop should wait. */
    DRAIN_MS = 200,
    LOOK_AGAIN_MS = 20, /* whether the supervisor has told this process to end */
    TOLD_WITHIN_MS = 1000,
    ERRAND_LIMIT_MS = 5000, /* what a moderator waits for the database */
    ERRANDS_MOST = 8        /* sessions of moderators at a time */
};

_Static_assert((int)ADMIN_SOCKETS_MAX == (int)ADMIN_DOORS_MAX, "each socket has a door");

struct admin_process {
    const struct config *config;
    struct logger logger;
    struct lifeline lifeline;
    struct event_base *base;
    const struct overview *overview;
    struct metrics_memory metrics;
    struct admin admin;
    struct pauses pauses;
    struct desk desk;
    struct shared_memory memory;                  /* for the desk */
    struct http_server *servers[ADMIN_DOORS_MAX]; /* of the doors */
    unsigned open_servers;                        /* that still have connections */
    struct timer sample;                          /* of the metrics */
    struct timer drain_limit;
    struct timer look_again;
    int64_t asked_ms; /* to end, for the first time; 0: nobody has */
    bool is_draining;
};

/* The service, as the supervisor and its processes say it is. */
static void look(const void *owner, struct service_view *view) {
    const struct admin_process *process = owner;
    const struct heartbeats *heartbeats = process->lifeline.heartbeats;
    overview_read(process->overview, view);
    view->is_stopping |= atomic_load(&heartbeats->is_stopping);
    for (unsigned i = 0; i < view->process_count; i++) {
        struct view_process *one = &view->processes[i];
        one->beat_ms = atomic_load(&heartbeats->beat_ms[one->slot]);
        one->has_database = atomic_load(&heartbeats->is_ready[one->slot]);
    }
}

static void stop_loop(void *owner) {
    struct admin_process *process = owner;
    event_base_loopbreak(process->base);
}

static void on_drained(void *owner) {
    struct admin_process *process = owner;
    if (--process->open_servers == 0) {
        stop_loop(process);
    }
}

static void drain(struct admin_process *process) {
    process->is_draining = true;
    pauses_stop(&process->pauses); /* a successor looks after them */
    process->open_servers = process->admin.door_count;
    timer_start(&process->drain_limit, process->open_servers > 0 ? DRAIN_MS : 0);
    for (unsigned i = 0; i < process->admin.door_count; i++) {
        http_server_drain(process->servers[i], on_drained, process);
    }
}

/* Whether the supervisor has, or is gone. */
static bool is_told_to_end(const struct admin_process *process) {
    struct service_view view;
    if (getppid() != process->lifeline.identity.supervisor_pid) {
        return true;
    }
    look(process, &view);
    for (unsigned i = 0; i < view.process_count; i++) {
        if (view.processes[i].pid == getpid()) {
            return view.processes[i].state == VIEW_DRAINING;
        }
    }
    return true;
}

/* Somebody wants this process to end. A service manager that stops the service tells all processes;
 * this one is to show how the workers drain, and ends when the supervisor says so. Where that does
 * not stop, this process alone was meant. */
static void on_end(void *owner) {
    struct admin_process *process = owner;
    if (process->is_draining) {
        return;
    }
    int64_t now_ms = clock_ms();
    process->asked_ms = process->asked_ms > 0 ? process->asked_ms : now_ms;
    bool is_late = now_ms - process->asked_ms > TOLD_WITHIN_MS &&
                   !atomic_load(&process->lifeline.heartbeats->is_stopping);
    if (is_late || is_told_to_end(process)) {
        drain(process);
    } else {
        timer_start(&process->look_again, LOOK_AGAIN_MS);
    }
}

/* Where a socket listens; false where it does not. */
static bool open_door(struct admin_door *door, int socket) {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_un path;
    } address = {0};
    socklen_t length = sizeof address;
    int listens = 0;
    socklen_t option_length = sizeof listens;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &option_length) != 0 || !listens ||
        getsockname(socket, &address.any, &length) != 0) {
        return false;
    }
    if (address.any.sa_family == AF_UNIX) {
        door->is_private = true;
        snprintf(door->address, sizeof door->address, "unix:%s", address.path.sun_path);
    } else if (address.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address.ipv4.sin_addr, host, sizeof host);
        door->is_wildcard = address.ipv4.sin_addr.s_addr == htonl(INADDR_ANY);
        snprintf(door->address, sizeof door->address, "%s:%u", host,
                 (unsigned)ntohs(address.ipv4.sin_port));
    } else {
        inet_ntop(AF_INET6, &address.ipv6.sin6_addr, host, sizeof host);
        door->is_wildcard = IN6_IS_ADDR_UNSPECIFIED(&address.ipv6.sin6_addr);
        snprintf(door->address, sizeof door->address, "[%s]:%u", host,
                 (unsigned)ntohs(address.ipv6.sin6_port));
    }
    return true;
}

static bool serve(struct admin_process *process, int socket) {
    struct admin *admin = &process->admin;
    struct admin_door *door = &admin->doors[admin->door_count];
    *door = (struct admin_door){.admin = admin};
    if (!open_door(door, socket)) {
        return true;
    }
    const struct http_server_settings settings = {
        .listening_socket = socket,
        .max_clients = MOST_CLIENTS,
        .idle_timeout_s = process->config->client_idle_timeout_s,
        .routes = admin_routes,
        .app = door,
        .admit = guard_admit,
        .headers = admin_headers,
    };
    struct http_server *server = http_server_new(process->base, &process->logger, &settings);
    process->servers[admin->door_count] = server;
    admin->door_count += server != NULL;
    return server != NULL;
}

/* The document of settings; without it all else is shown. */
static void map_report(struct admin *admin) {
    struct stat file;
    if (fstat(ADMIN_REPORT_FD, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size <= 0) {
        return;
    }
    void *text = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, ADMIN_REPORT_FD, 0);
    if (text != MAP_FAILED) {
        admin->report = text;
        admin->report_length = (size_t)file.st_size;
    }
}

/* A moderator has changed what these pages show. There is no desk without the memory. */
static void invalidate(void *owner, int64_t product, int64_t question) {
    struct admin_process *process = owner;
    struct versions *versions = shared_memory_versions(&process->memory);
    if (product == 0) {
        versions_invalidate_all(versions, clock_ms());
    } else {
        versions_raise_both(versions, product, question);
    }
}

/* Where moderators work, if there are some; without it all else is shown. */
static void open_desk(struct admin_process *process) {
    const struct config *config = process->config;
    const struct errands_settings settings = {.database_url = config->moderation_database_url,
                                              .application = "atelier-qa moderation",
                                              .limit_ms = ERRAND_LIMIT_MS,
                                              .most = ERRANDS_MOST};
    char error[256];
    if (!*config->moderation_tokens) {
        return;
    }
    bool is_mapped = shared_memory_map(&process->memory, ADMIN_MEMORY_FD, SHARED_MEMORY_WRITE) ||
                     error_text(error, sizeof error, "the shared memory: %s", strerror(errno));
    struct errands *errands =
        is_mapped ? errands_new(process->base, &settings, error, sizeof error) : NULL;
    if (!errands) {
        log_write(&process->logger, LOG_LEVEL_ERROR, "there is no moderation page", "{s:s}",
                  "reason", error);
        return;
    }
    process->desk = (struct desk){
        .logger = &process->logger,
        .errands = errands,
        .moderators = moderators_new(config->moderation_tokens),
        .commit_wait = commit_wait_new(process->base, config->lease_ms, metrics_or_unseen(NULL)),
        .invalidate = invalidate,
        .owner = process};
    process->admin.desk = &process->desk;
}

static void close_desk(struct admin_process *process) {
    errands_free(process->desk.errands);
    event_base_loop(process->base, EVLOOP_NONBLOCK); /* what was being looked up is released */
    moderators_free(process->desk.moderators);
    shared_memory_unmap(&process->memory);
}

static void on_sample(void *owner) {
    struct admin_process *process = owner;
    struct metrics_sum *sum = admin_sum(&process->admin);
    const struct figures_sample sample = figures_sample_of(sum, clock_ms());
    free(sum);
    figures_add(&process->admin.figures, &sample);
    timer_start(&process->sample, FIGURES_EACH_MS);
}

/* Likewise. */
static void map_metrics(struct admin_process *process) {
    if (metrics_memory_map(&process->metrics, ADMIN_METRICS_FD)) {
        process->admin.metrics = &process->metrics;
        on_sample(process);
    } else {
        log_write(&process->logger, LOG_LEVEL_WARNING, "there are no metrics", "{s:s}", "reason",
                  errno == EPROTO ? "the supervisor is of a version with other metrics"
                                  : strerror(errno));
    }
}

/* /metrics reads it each time; so one that cannot be read is told of here, once. */
static void look_at_certificate(const struct admin_process *process) {
    char error[256];
    const char *path = process->admin.certificate;
    if (*path && certificate_end_s(path, error, sizeof error) == 0) {
        log_write(&process->logger, LOG_LEVEL_WARNING,
                  "the metrics do not tell when the certificate ends", "{s:s}", "reason", error);
    }
}

static bool start(struct admin_process *process) {
    process->base = event_base_new();
    timer_init(&process->drain_limit, process->base, stop_loop, process);
    timer_init(&process->look_again, process->base, on_end, process);
    process->overview = overview_map(ADMIN_OVERVIEW_FD);
    struct pause *pause = pause_map(ADMIN_PAUSE_FD);
    if (!process->base || !process->overview || !pause ||
        !lifeline_start(&process->lifeline, process->base, ADMIN_HEARTBEAT_FD)) {
        log_write(&process->logger, LOG_LEVEL_ERROR, "the admin process cannot start", "{s:s}",
                  "reason", strerror(errno));
        return false;
    }
    map_report(&process->admin);
    timer_init(&process->sample, process->base, on_sample, process);
    pauses_init(&process->pauses, process->base, pause, &process->logger,
                process->config->pause_timeout_s * 1000);
    map_metrics(process);
    look_at_certificate(process);
    open_desk(process);
    for (int socket = ADMIN_SOCKETS_FD; socket < ADMIN_FDS_END; socket++) {
        if (!serve(process, socket)) {
            return false;
        }
    }
    lifeline_say_ready(ADMIN_READY_FD, 0);
    return true;
}

static void stop(struct admin_process *process) {
    lifeline_stop(&process->lifeline);
    pauses_stop(&process->pauses);
    timer_stop(&process->drain_limit);
    timer_stop(&process->look_again);
    timer_stop(&process->sample);
    errands_close(process->desk.errands);
    commit_wait_free(process->desk.commit_wait);
    for (unsigned i = 0; i < process->admin.door_count; i++) {
        http_server_free(process->servers[i]);
    }
    if (process->base) {
        close_desk(process);
        event_base_free(process->base);
    }
}

int admin_run(const struct config *config, const struct child_identity *identity) {
    struct admin_process process = {
        .config = config,
        .logger = {.level = config->log_level, .worker = -1, .process = "admin"},
    };
    process.lifeline = (struct lifeline){
        .identity = *identity, .logger = &process.logger, .on_end = on_end, .owner = &process};
    process.admin = (struct admin){
        .logger = &process.logger,
        .look = look,
        .owner = &process,
        .pauses = &process.pauses,
        .certificate = config->tls_certificate,
    };
    lifeline_prepare(ADMIN_FDS_BEGIN, ADMIN_FDS_END);
    (void)close(ADMIN_DATABASE_URL_FD); /* the configuration has been read */
    (void)close(ADMIN_TOKENS_FD);
    (void)!log_file_open(config->log_file); /* else it has that of the supervisor */
    memory_bind_libraries();
    int status = EXIT_FAILURE;
    if (start(&process)) {
        event_base_dispatch(process.base);
        status = process.is_draining ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    stop(&process);
    return status;
}

/* A worker process: event loop, pool, HTTP server, drain. */
#include "process/worker.h"

#include "db/pool.h"
#include "http/server.h"
#include "ops/clock.h"
#include "ops/log_file.h"
#include "ops/memory.h"
#include "ops/metrics_memory.h"
#include "pages/lookup.h"
#include "pages/maker.h"
#include "pages/shared_memory.h"
#include "process/edition.h"
#include "process/pausing.h"
#include "process/run_guard.h"
#include "process/usage.h"
#include "qa/app.h"
#include "qa/commit_wait.h"
#include "qa/keyed_writes.h"
#include "qa/lists.h"
#include "qa/metrics_names.h"
#include "qa/outcome.h"
#include "qa/routes.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    /* Connections wait in the backlog until the pool is ready, but not longer than this: then
     * clients are told that the database is away. Where others serve meanwhile, they have them. */
    SERVE_ANYWAY_MS = 1000
};

const char worker_other_supervisor[] = "the supervisor is of a version with another shared memory: "
                                       "stop and start the service";

struct worker {
    const struct config *config;
    struct logger logger;
    struct lifeline lifeline;
    struct app app;
    struct event_base *base;
    struct http_server *server; /* NULL until it serves */
    struct metrics *metrics;
    uint64_t hits_before, misses_before; /* of the workers that had its slot */
    struct usage usage;
    struct pausing pausing;
    struct shared_memory memory;
    struct run_guard guard;
    struct ring ring;    /* the cache */
    uint64_t edition;    /* of the pages that it makes; 0: it has no cache */
    struct maker *maker; /* of one worker, for all; else NULL */
    struct timer serve_anyway;
    struct timer drain_limit;
    bool draining;
    bool said_ready;
};

static void stop_loop(void *owner) {
    struct worker *worker = owner;
    event_base_loopbreak(worker->base);
}

static void serve(struct worker *worker) {
    if (worker->server || worker->draining) {
        return;
    }
    const struct http_server_settings settings = {
        .listening_socket = WORKER_SOCKET_FD,
        .max_clients = worker->config->max_clients,
        .idle_timeout_s = worker->config->client_idle_timeout_s,
        .shows_timing = worker->config->server_timing,
        .slow_ms = worker->config->log_slow_ms,
        .routes = qa_routes,
        .app = &worker->app,
        .other_methods = HTTP_OPTIONS, /* NGINX's */
        .metrics = worker->metrics,
    };
    worker->server = http_server_new(worker->base, &worker->logger, &settings);
    if (!worker->server) {
        stop_loop(worker);
    }
}

static void say_ready(struct worker *worker) {
    if (!worker->said_ready) {
        worker->said_ready = true;
        lifeline_say_ready(WORKER_READY_FD, worker->edition);
    }
}

static void on_pool_change(void *owner, bool ready) {
    struct worker *worker = owner;
    lifeline_show_ready(&worker->lifeline, ready);
    if (ready) {
        serve(worker);
        say_ready(worker);
        keyed_writes_begin(worker->app.keyed_writes);
        if (worker->maker) {
            maker_begin(worker->maker);
        }
    }
}

static void on_serve_anyway(void *owner) {
    serve(owner);
}

static void on_end(void *owner) {
    struct worker *worker = owner;
    if (worker->draining) {
        return;
    }
    worker->draining = true;
    if (worker->app.keyed_writes) {
        keyed_writes_close(worker->app.keyed_writes);
    }
    if (worker->maker) {
        maker_close(worker->maker);
    }
    pausing_drain(&worker->pausing);
    if (!worker->server) {
        stop_loop(worker);
        return;
    }
    timer_start(&worker->drain_limit, worker->config->drain_timeout_ms);
    http_server_drain(worker->server, stop_loop, worker);
}

static void on_drain_limit(void *owner) {
    struct worker *worker = owner;
    log_write(&worker->logger, LOG_LEVEL_WARNING, "the drain took too long; closing connections",
              NULL);
    stop_loop(worker);
}

static void on_beat(void *owner) {
    struct worker *worker = owner;
    usage_note(&worker->usage, worker->metrics);
}

/* A group of writes may have been committed without its versions being raised, or may be yet. */
static void on_uncertain(void *owner) {
    struct worker *worker = owner;
    metrics_add(&worker->metrics->uncertain_writes, 1);
    versions_invalidate_all(worker->app.versions, clock_ms());
}

/* False, for the caller to return. */
static bool cannot_start(const struct worker *worker, const char *reason) {
    log_write(&worker->logger, LOG_LEVEL_ERROR, "the worker cannot start", "{s:s}", "reason",
              reason);
    return false;
}

static bool start_pool(struct worker *worker) {
    const struct config *config = worker->config;
    worker->guard = (struct run_guard){&worker->logger, &worker->memory, worker->metrics};
    size_t writes = config->workers * config->write_connections;
    size_t all = writes + config->workers * config->read_connections;
    const struct pool_settings settings = {
        .database_url = config->database_url,
        .read_connections = config->read_connections,
        .write_connections = config->write_connections,
        .queue_limit = config->queue_limit,
        .queue_wait_ms = config->overload_after_ms,
        .request_timeout_ms = config->request_timeout_ms,
        .connection = {.lock_timeout_ms = config->lock_timeout_ms,
                       .statement_timeout_ms = config->statement_timeout_ms,
                       .overdue_limit = 2 * all, /* what a reload may need as well */
                       .guard = run_guard_of(&worker->guard)},
        .overdue_writes_limit = writes,
        .read_database_url = config->read_database_url,
        .standby_guard = run_guard_of_standbys(&worker->guard),
        .looks_for_rivals = worker->lifeline.identity.index == 0, /* one does, for all */
        .metrics = worker->metrics,
        .on_uncertain = on_uncertain,
    };
    char error[256];
    worker->app.pool = pool_new(worker->base, &worker->logger, &settings, on_pool_change, worker,
                                error, sizeof error);
    return worker->app.pool || cannot_start(worker, error);
}

static bool start_pausing(struct worker *worker) {
    struct pause *pause = pause_map(WORKER_PAUSE_FD);
    if (!pause) {
        return cannot_start(worker, worker_other_supervisor);
    }
    pausing_begin(&worker->pausing, worker->base, pause,
                  (size_t)worker->lifeline.identity.heartbeat_slot, &pausing_pool,
                  worker->app.pool);
    return true;
}

/* One worker makes pages for all. */
static void start_maker(struct worker *worker) {
    if (worker->lifeline.identity.index > 0) {
        return;
    }
    const struct maker_settings settings = {
        .most_answers = worker->config->answers_per_question,
        .workers = worker->config->workers,
        .lookup = worker->app.lookup,
        .metrics = worker->metrics,
    };
    worker->maker =
        maker_new(worker->base, worker->app.pool, worker->app.versions, &worker->logger, &settings);
}

static bool start_app(struct worker *worker) {
    const struct config *config = worker->config;
    if (!shared_memory_map(&worker->memory, WORKER_MEMORY_FD, SHARED_MEMORY_WRITE)) {
        return cannot_start(worker, errno == EPROTO ? worker_other_supervisor : strerror(errno));
    }
    worker->app.versions = shared_memory_versions(&worker->memory);
    worker->app.text_seed = shared_memory_seed(&worker->memory);
    if (config->cache_mb > 0 && shared_memory_ring(&worker->memory, &worker->ring)) {
        worker->edition = edition_of(config);
        worker->ring.edition = worker->edition;
    }
    if (!start_pool(worker)) {
        return false;
    }
    const struct lookup_settings lookup = {
        .ring = worker->edition != 0 ? &worker->ring : NULL,
        .lease = config->lease_ms >= 0 ? &worker->memory : NULL,
        .lifetime_ms = config->cache_lifetime_s * 1000,
        .answers_per_question = config->answers_per_question,
        .on_failure = outcome_respond_read_failure,
        .on_missing = lists_respond_missing,
        .on_total = lists_take_total,
        .on_respond = lists_describe,
        .metrics = worker->metrics,
    };
    worker->app.lookup = lookup_new(worker->app.pool, worker->app.versions, &lookup);
    worker->app.keyed_writes = keyed_writes_new(worker->base, worker->app.pool);
    worker->app.commit_wait = commit_wait_new(worker->base, config->lease_ms, worker->metrics);
    start_maker(worker);
    return start_pausing(worker);
}

static uint64_t count_hits(const struct worker *worker) {
    return metrics_total(worker->metrics->pages.hits, METRICS_LISTS);
}

static uint64_t count_misses(const struct worker *worker) {
    return metrics_total(worker->metrics->pages.misses, METRICS_LISTS);
}

/* Without metrics it serves all the same. */
static void open_metrics(struct worker *worker) {
    const struct metrics_names names = qa_metrics_names();
    struct metrics *metrics =
        metrics_memory_slot(WORKER_METRICS_FD, (size_t)worker->lifeline.identity.heartbeat_slot,
                            metrics_layout_of_workers(&names));
    if (!metrics) {
        log_write(&worker->logger, LOG_LEVEL_WARNING,
                  "this worker is not in the metrics until the service is stopped and started",
                  "{s:s}", "reason",
                  errno == EPROTO ? "the supervisor is of a version with other metrics"
                                  : strerror(errno));
    }
    worker->metrics = metrics_or_unseen(metrics);
    worker->hits_before = count_hits(worker);
    worker->misses_before = count_misses(worker);
    log_count_lost_in(&worker->metrics->lost_lines);
}

static bool start_events(struct worker *worker) {
    struct event_base *base = worker->base;
    timer_init(&worker->serve_anyway, base, on_serve_anyway, worker);
    timer_init(&worker->drain_limit, base, on_drain_limit, worker);
    if (!worker->lifeline.identity.follows) {
        timer_start(&worker->serve_anyway, SERVE_ANYWAY_MS);
    }
    if (!lifeline_start(&worker->lifeline, base, WORKER_HEARTBEAT_FD)) {
        return cannot_start(worker, strerror(errno));
    }
    worker->app.is_stopping = &worker->lifeline.heartbeats->is_stopping;
    return true;
}

/* Completes all that is open, then closes, in an order in which nothing is used after its end. */
static void stop(struct worker *worker) {
    struct app *app = &worker->app;
    lifeline_stop(&worker->lifeline);
    timer_stop(&worker->serve_anyway);
    timer_stop(&worker->drain_limit);
    pausing_stop(&worker->pausing);
    if (app->pool) {
        pool_close(app->pool);
    }
    if (worker->maker) {
        maker_free(worker->maker);
    }
    if (app->keyed_writes) {
        keyed_writes_close(app->keyed_writes);
        keyed_writes_free(app->keyed_writes);
    }
    commit_wait_free(app->commit_wait);
    if (worker->server) {
        http_server_free(worker->server);
    }
    if (app->lookup) {
        log_write(&worker->logger, LOG_LEVEL_INFO, "the worker ends", "{s:I, s:I}", "cache_hits",
                  (long long)(count_hits(worker) - worker->hits_before), "cache_misses",
                  (long long)(count_misses(worker) - worker->misses_before));
        lookup_free(app->lookup);
    }
    if (app->pool) {
        pool_free(app->pool);
        event_base_loop(worker->base, EVLOOP_NONBLOCK);
    }
    if (worker->base) {
        event_base_free(worker->base);
    }
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* As NGINX is started (deploy/stack.sh): who is woken by a request lets the process that computes
 * finish, and so finds more than one request. A policy that somebody chose is kept. */
static void interrupt_nobody(void) {
    if (sched_getscheduler(0) == SCHED_OTHER) {
        (void)sched_setscheduler(0, SCHED_BATCH, &(const struct sched_param){0});
    }
}

int worker_run(const struct config *config, const struct child_identity *identity) {
    struct worker worker = {
        .config = config,
        .logger = {.level = config->log_level, .worker = identity->index},
    };
    worker.lifeline = (struct lifeline){.identity = *identity,
                                        .logger = &worker.logger,
                                        .on_end = on_end,
                                        .on_beat = on_beat,
                                        .owner = &worker};
    worker.app = (struct app){
        .logger = &worker.logger,
        .reports_to_hide = config->reports_to_hide,
        .premoderates_all = config->premoderates_all,
        .loaderio_token = config->loaderio_token,
    };
    lifeline_prepare(WORKER_FDS_BEGIN, WORKER_FDS_END);
    (void)!log_file_open(config->log_file); /* else it has that of the supervisor */
    (void)close(WORKER_DATABASE_URL_FD);    /* the configuration has been read */
    (void)close(WORKER_READ_DATABASE_URL_FD);
    raise_descriptor_limit();
    interrupt_nobody();

    int status = EXIT_FAILURE;
    memory_bind_libraries();
    worker.base = event_base_new();
    open_metrics(&worker);
    if (!worker.base) {
        (void)cannot_start(&worker, strerror(errno));
    } else if (start_events(&worker) && start_app(&worker) && !worker.draining) {
        event_base_dispatch(worker.base);
        status = worker.draining ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    stop(&worker);
    return status;
}

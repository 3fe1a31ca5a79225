/* The validator process: event loop, rounds. */
#include "process/validator.h"

#include "ops/log_file.h"
#include "ops/memory.h"
#include "ops/metrics_memory.h"
#include "pages/rounds.h"
#include "process/pausing.h"
#include "process/run_guard.h"
#include "process/usage.h"
#include "process/worker.h"
#include "qa/metrics_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct validator {
    const struct config *config;
    struct logger logger;
    struct lifeline lifeline;
    struct event_base *base;
    struct metrics *metrics;
    struct usage usage;
    struct shared_memory memory;
    struct run_guard guard;
    struct rounds *rounds;
    struct pausing pausing;
    bool is_ending;
};

static void on_end(void *owner) {
    struct validator *validator = owner;
    validator->is_ending = true;
    event_base_loopbreak(validator->base);
}

static void on_beat(void *owner) {
    struct validator *validator = owner;
    usage_note(&validator->usage, validator->metrics);
}

static void on_change(void *owner, bool has_session) {
    const struct validator *validator = owner;
    lifeline_show_ready(&validator->lifeline, has_session);
}

static void pause_rounds(void *owner) {
    rounds_pause(owner);
}

static void resume_rounds(void *owner) {
    rounds_resume(owner);
}

static struct pool_load load_of_rounds(const void *owner) {
    return (struct pool_load){.sessions = rounds_have_session(owner)};
}

/* False, for the caller to return. */
static bool cannot_start(const struct validator *validator, const char *reason) {
    log_write(&validator->logger, LOG_LEVEL_ERROR, "the validator cannot start", "{s:s}", "reason",
              reason);
    return false;
}

/* A round is due after a few milliseconds, which the coarse clock of other processes does not tell
 * apart. */
static struct event_base *new_base(void) {
    struct event_config *config = event_config_new();
    memory_demand(config != NULL);
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static bool start_rounds(struct validator *validator) {
    const struct config *config = validator->config;
    validator->guard =
        (struct run_guard){&validator->logger, &validator->memory, validator->metrics};
    const struct rounds_settings settings = {
        .database_url = config->database_url,
        .lease_ms = config->lease_ms,
        .limit_ms = config->request_timeout_ms,
        .has_standbys = *config->read_database_url != '\0',
        .connection = {.application = "atelier-qa validator",
                       .lock_timeout_ms = config->lock_timeout_ms,
                       .statement_timeout_ms = config->statement_timeout_ms,
                       .guard = run_guard_of(&validator->guard)},
        .metrics = validator->metrics,
    };
    char error[256];
    validator->rounds = rounds_new(validator->base, &validator->logger, &validator->memory,
                                   &settings, on_change, validator, error, sizeof error);
    return validator->rounds || cannot_start(validator, error);
}

static bool start(struct validator *validator) {
    static const struct pausing_kind kind = {pause_rounds, resume_rounds, load_of_rounds};
    validator->base = new_base();
    struct pause *pause = pause_map(WORKER_PAUSE_FD);
    if (!validator->base || !pause ||
        !lifeline_start(&validator->lifeline, validator->base, WORKER_HEARTBEAT_FD) ||
        !shared_memory_map(&validator->memory, WORKER_MEMORY_FD, SHARED_MEMORY_WRITE)) {
        return cannot_start(validator,
                            errno == EPROTO || !pause ? worker_other_supervisor : strerror(errno));
    }
    if (!start_rounds(validator)) {
        return false;
    }
    pausing_begin(&validator->pausing, validator->base, pause,
                  (size_t)validator->lifeline.identity.heartbeat_slot, &kind, validator->rounds);
    lifeline_say_ready(WORKER_READY_FD, 0);
    return true;
}

static void stop(struct validator *validator) {
    lifeline_stop(&validator->lifeline);
    pausing_stop(&validator->pausing);
    if (validator->rounds) {
        rounds_free(validator->rounds);
        event_base_loop(validator->base, EVLOOP_NONBLOCK); /* what was looked up is released */
    }
    if (validator->base) {
        event_base_free(validator->base);
    }
}

/* Without metrics it works all the same. */
static void open_metrics(struct validator *validator) {
    const struct metrics_names names = qa_metrics_names();
    validator->metrics = metrics_or_unseen(
        metrics_memory_slot(WORKER_METRICS_FD, (size_t)validator->lifeline.identity.heartbeat_slot,
                            metrics_layout_of_workers(&names)));
    log_count_lost_in(&validator->metrics->lost_lines);
}

int validator_run(const struct config *config, const struct child_identity *identity) {
    struct validator validator = {
        .config = config,
        .logger = {.level = config->log_level, .worker = -1, .process = "validator"},
    };
    validator.lifeline = (struct lifeline){.identity = *identity,
                                           .logger = &validator.logger,
                                           .on_end = on_end,
                                           .on_beat = on_beat,
                                           .owner = &validator};
    lifeline_prepare(WORKER_FDS_BEGIN, WORKER_FDS_END);
    (void)!log_file_open(config->log_file); /* else it has that of the supervisor */
    (void)close(WORKER_DATABASE_URL_FD);    /* the configuration has been read */
    (void)close(WORKER_READ_DATABASE_URL_FD);
    memory_bind_libraries();
    open_metrics(&validator);
    int status = EXIT_FAILURE;
    if (start(&validator) && !validator.is_ending) {
        event_base_dispatch(validator.base);
        status = validator.is_ending ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    stop(&validator);
    return status;
}

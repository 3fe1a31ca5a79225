/* The table of metrics. */
#include "ops/metrics_table.h"

#include "ops/version.h"

#include <string.h>
#include <xxhash.h>

#define OF_WORKERS(member) offsetof(struct metrics_sum, workers.member)
#define OF_SERVICE(member) offsetof(struct metrics_sum, service.member)
#define SEEN(member) offsetof(struct metrics_sum, seen.member)

enum { MICROSECONDS = 6, MILLISECONDS = 3 };

/* A counter or a gauge, with up to two dimensions. */
#define NUMBER(type_, name_, offset_, help_, ...)                                                  \
    {                                                                                              \
        .name = (name_), .offset = (offset_), .help = (help_), .type = (type_), .dimensions = {    \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define COUNTER(...) NUMBER(METRICS_COUNTER, __VA_ARGS__)
#define GAUGE(...) NUMBER(METRICS_GAUGE, __VA_ARGS__)
/* A histogram of durations. */
#define DURATIONS(name_, offset_, help_, ...)                                                      \
    {                                                                                              \
        .name = (name_), .offset = (offset_), .help = (help_), .type = METRICS_HISTOGRAM,          \
        .bounds = metrics_durations_us, .decimals = MICROSECONDS, .dimensions = {                  \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* clang-format off */
const struct metrics_metric metrics_metrics[] = {
    /* Requests */
    DURATIONS("http_server_request_duration_seconds", OF_WORKERS(requests),
        "Requests that reached a worker, from their first line until the response was sent.",
        DIMENSION_ENDPOINT, DIMENSION_STATUS),
    GAUGE("http_server_active_requests", OF_WORKERS(gauges.active_requests),
        "Requests at the workers whose response has not been sent yet.", DIMENSION_NONE),
    GAUGE("atelier_qa_client_connections", OF_WORKERS(gauges.client_connections),
        "Open connections of clients, such as NGINX, to the workers.", DIMENSION_NONE),
    COUNTER("atelier_qa_client_connections_accepted_total", OF_WORKERS(accepted_connections),
        "Connections of clients that workers have accepted.", DIMENSION_NONE),
    GAUGE("atelier_qa_unsent_bytes", OF_WORKERS(gauges.unsent_bytes),
        "Long pages that workers hold until their clients have read them.", DIMENSION_NONE),
    COUNTER("atelier_qa_unsent_rejections_total", OF_WORKERS(unsent_rejections),
        "Requests for long pages that got 503, as a worker held 128 MiB of them.", DIMENSION_NONE),
    COUNTER("atelier_qa_nginx_hits_total", OF_SERVICE(nginx[0]),
        "Pages that NGINX responded with itself; only of the service that is the holder.",
        DIMENSION_LIST, DIMENSION_NGINX_STATUS),
    COUNTER("atelier_qa_nginx_misses_total", OF_SERVICE(nginx[METRICS_NGINX_HITS]),
        "Pages that NGINX did not find and left to a worker; only of the service that is the holder.", DIMENSION_LIST),
    /* Pages */
    COUNTER("atelier_qa_cache_hits_total", OF_WORKERS(pages.hits),
        "Pages that workers found in the ring.", DIMENSION_LIST),
    COUNTER("atelier_qa_cache_misses_total", OF_WORKERS(pages.misses),
        "Pages that workers did not find in the ring.", DIMENSION_LIST),
    COUNTER("atelier_qa_coalesced_requests_total", OF_WORKERS(pages.coalesced),
        "Requests that shared the query of another one for the same page.", DIMENSION_LIST),
    COUNTER("atelier_qa_cache_invalidations_total", OF_SERVICE(invalidations),
        "How often this service invalidated every page, by reason.", DIMENSION_INVALIDATION),
    GAUGE("atelier_qa_cache_epoch", OF_SERVICE(epoch),
        "How often any process has invalidated every page since the shared memory was made.",
        DIMENSION_NONE),
    GAUGE("atelier_qa_cache_size_bytes", OF_SERVICE(cache_size_bytes),
        "The size of the ring; 0 where there is no cache.", DIMENSION_NONE),
    GAUGE("atelier_qa_cache_used_bytes", OF_SERVICE(cache_used_bytes),
        "What pages have taken of the ring; once it is full, all.", DIMENSION_NONE),
    COUNTER("atelier_qa_cache_written_bytes_total", OF_SERVICE(cache_written_bytes),
        "What pages have taken of the ring in all its rounds.", DIMENSION_NONE),
    {.name = "atelier_qa_cache_retention_seconds", .offset = OF_SERVICE(cache_retention_ms),
        .type = METRICS_GAUGE, .decimals = MILLISECONDS,
        .help = "The age of the oldest pages that the ring still holds."},
    /* Several hosts */
    {.name = "atelier_qa_round_age_seconds", .offset = OF_SERVICE(round_age_us),
        .type = METRICS_GAUGE, .decimals = MICROSECONDS,
        .help = "Since the validator's last completed round began; 0 where there is no validator."},
    COUNTER("atelier_qa_unleased_requests_total", OF_WORKERS(pages.unleased),
        "Pages that workers asked the database for, since there was no lease.", DIMENSION_LIST),
    COUNTER("atelier_qa_lease_lapses_total", OF_WORKERS(validator.lapses),
        "Leases that ended before the next round was complete, while pages were asked for.",
        DIMENSION_NONE),
    COUNTER("atelier_qa_validator_changes_total", OF_WORKERS(validator.changes),
        "Changes that the validator has found, whoever made them.", DIMENSION_NONE),
    COUNTER("atelier_qa_standby_reads_total", OF_WORKERS(standbys.reads),
        "Reads that were meant for a standby, by what became of them; all but served ones went to the primary.",
        DIMENSION_STANDBY_READ),
    COUNTER("atelier_qa_standby_losses_total", OF_WORKERS(standbys.losses),
        "Sessions with standbys that were lost, or did not come about.", DIMENSION_NONE),
    /* Ready-made pages */
    COUNTER("atelier_qa_maker_pages_total", OF_WORKERS(maker.pages),
        "Pages that the maker has made.", DIMENSION_NONE),
    COUNTER("atelier_qa_maker_steps_total", OF_WORKERS(maker.steps),
        "Steps of the maker, by their result.", DIMENSION_RESULT),
    COUNTER("atelier_qa_maker_laps_total", OF_WORKERS(maker.laps),
        "Laps of the maker: all marked products were looked at.", DIMENSION_NONE),
    COUNTER("atelier_qa_maker_passed_over_total", OF_WORKERS(maker.passed_over),
        "Products whose page could not be made.", DIMENSION_NONE),
    /* The database */
    DURATIONS("db_client_operation_duration_seconds", OF_WORKERS(statements),
        "Statements, from sending one to its result, of a write to its commit.",
        DIMENSION_STATEMENT),
    DURATIONS("db_client_connection_wait_time_seconds", OF_WORKERS(lanes.wait),
        "How long calls waited in their lane until they were sent.", DIMENSION_POOL_NAME),
    GAUGE("db_client_connection_pending_requests", OF_WORKERS(gauges.waiting_calls),
        "Calls that wait in their lane.", DIMENSION_POOL_NAME),
    GAUGE("atelier_qa_db_running_calls", OF_WORKERS(gauges.running_calls),
        "Calls that a connection carries now.", DIMENSION_LANE),
    COUNTER("atelier_qa_db_calls_total", OF_WORKERS(lanes.outcomes),
        "Calls that completed, by their outcome.", DIMENSION_LANE, DIMENSION_OUTCOME),
    COUNTER("atelier_qa_db_rejections_total", OF_WORKERS(lanes.rejections),
        "Calls that a lane rejected without sending them, by reason.",
        DIMENSION_LANE, DIMENSION_REJECTION),
    COUNTER("atelier_qa_db_held_calls_total", OF_WORKERS(lanes.held),
        "Calls that have waited in their lane for the end of a pause.", DIMENSION_LANE),
    {.name = "atelier_qa_db_group_size", .offset = OF_WORKERS(lanes.group_size),
        .type = METRICS_HISTOGRAM, .bounds = metrics_group_sizes,
        .help = "Calls that were sent together as one statement.",
        .dimensions = {DIMENSION_LANE}},
    GAUGE("atelier_qa_commit_waits", OF_WORKERS(gauges.commit_waits),
        "Committed writes whose response waits for QA_LEASE_MS to pass.", DIMENSION_NONE),
    COUNTER("atelier_qa_db_commits_total", OF_WORKERS(commits),
        "Transactions with writes that were committed.", DIMENSION_NONE),
    GAUGE("atelier_qa_db_connections", OF_WORKERS(gauges.connections),
        "Connections to the database, by what they are for and what they do.",
        DIMENSION_CONNECTION_SET, DIMENSION_CONNECTION_STATE),
    COUNTER("atelier_qa_db_connections_lost_total", OF_WORKERS(lost_connections),
        "Connections to the database that broke or were given up while in use.", DIMENSION_NONE),
    COUNTER("atelier_qa_db_connect_failures_total", OF_WORKERS(failed_connects),
        "Attempts to connect to the database that failed.", DIMENSION_NONE),
    GAUGE("atelier_qa_db_ready_workers", OF_WORKERS(gauges.has_database),
        "Workers with a connection for reads and one for writes.", DIMENSION_NONE),
    GAUGE("atelier_qa_db_outage_workers", OF_WORKERS(gauges.has_outage),
        "Workers that lack a connection, or whose statements the database refuses.",
        DIMENSION_NONE),
    COUNTER("atelier_qa_db_outages_total", OF_WORKERS(outages),
        "Outages that have begun, as each worker sees them.", DIMENSION_NONE),
    GAUGE("atelier_qa_paused", SEEN(is_paused), "1 while a pause is on.", DIMENSION_NONE),
    COUNTER("atelier_qa_pauses_total", SEEN(pauses),
        "Pauses that are over, by how they ended.", DIMENSION_PAUSE_END),
    /* Processes */
    GAUGE("atelier_qa_build_info", SEEN(one),
        "Always 1; the labels are the program's version.", DIMENSION_BUILD),
    GAUGE("process_start_time_seconds", OF_SERVICE(started_s),
        "When the supervisor started, in seconds since 1970.", DIMENSION_NONE),
    {.name = "process_cpu_seconds_total", .offset = OF_WORKERS(cpu_us),
        .type = METRICS_COUNTER, .decimals = MICROSECONDS,
        .help = "Processor time of all workers and the validator."},
    GAUGE("atelier_qa_worker_memory_bytes", OF_WORKERS(gauges.memory_bytes),
        "Memory of all workers and the validator that is not shared.", DIMENSION_NONE),
    GAUGE("atelier_qa_workers", OF_SERVICE(workers),
        "Worker processes, by their state.", DIMENSION_WORKER_STATE),
    COUNTER("atelier_qa_worker_starts_total", OF_SERVICE(worker_starts),
        "Worker processes that were started.", DIMENSION_NONE),
    COUNTER("atelier_qa_worker_deaths_total", OF_SERVICE(deaths),
        "Worker processes that ended without having been told to, or had to be killed.",
        DIMENSION_DEATH),
    COUNTER("atelier_qa_reloads_total", OF_SERVICE(reloads),
        "Reloads, by their result.", DIMENSION_RESULT),
    GAUGE("atelier_qa_holder", OF_SERVICE(is_holder),
        "1 while this service hands out the shared memory, and NGINX's counts come here.",
        DIMENSION_NONE),
    {.name = "atelier_qa_supervisor_silence_seconds", .offset = SEEN(supervisor_silence_ms),
        .type = METRICS_GAUGE, .decimals = MILLISECONDS,
        .help = "Since the supervisor's last sign of life; usually below 0.6."},
    COUNTER("atelier_qa_log_lines_lost_total", OF_SERVICE(lost_lines),
        "Lines of the supervisor's and the workers' log that could not be written.",
        DIMENSION_NONE),
    GAUGE("atelier_qa_tls_certificate_not_after_seconds", SEEN(certificate_ends_s),
        "When the certificate in QA_TLS_CERTIFICATE ends, in seconds since 1970; 0: none is known.",
        DIMENSION_NONE),
    {.name = NULL},
};
/* clang-format on */

/* A dimension whose values are known here. */
static const struct {
    const char *label;
    size_t size;
    const char *values[METRICS_INVALIDATIONS];
} dimensions[DIMENSIONS] = {
    [DIMENSION_LIST] = {"list", METRICS_LISTS, {"questions", "answers"}},
    [DIMENSION_NGINX_STATUS] = {"http_response_status_code", 2, {"200", "304"}},
    [DIMENSION_POOL_NAME] = {"db_client_connection_pool_name",
                             METRICS_LANES,
                             {"reads", "large_reads", "writes"}},
    [DIMENSION_LANE] = {"lane", METRICS_LANES, {"reads", "large_reads", "writes"}},
    [DIMENSION_OUTCOME] = {"outcome",
                           METRICS_OUTCOMES,
                           {"done", "failed", "locked", "conflict", "refused", "expired",
                            "unknown"}},
    [DIMENSION_REJECTION] = {"reason",
                             METRICS_REJECTIONS,
                             {"stopping", "no_connection", "queue_full", "overload", "row_locked",
                              "waited_long"}},
    [DIMENSION_CONNECTION_SET] = {"set",
                                  METRICS_CONNECTION_SETS,
                                  {"reads", "writes", "standby_reads"}},
    [DIMENSION_CONNECTION_STATE] = {"state",
                                    METRICS_CONNECTION_STATES,
                                    {"connecting", "idle", "used"}},
    [DIMENSION_STANDBY_READ] = {"outcome", METRICS_STANDBY_READS, {"served", "behind", "failed"}},
    [DIMENSION_RESULT] = {"result", METRICS_RESULTS, {"succeeded", "failed"}},
    [DIMENSION_WORKER_STATE] = {"state", METRICS_WORKER_STATES, {"starting", "ready", "draining"}},
    [DIMENSION_DEATH] = {"cause",
                         METRICS_DEATHS,
                         {"signal", "exit_status", "no_heartbeat", "slow_drain"}},
    [DIMENSION_INVALIDATION] = {"reason",
                                METRICS_INVALIDATIONS,
                                {"service_started", "reloaded", "worker_died", "admin_died",
                                 "service_died", "holder_died", "file_replaced", "command",
                                 "uncertain_write", "server_changed", "validator_began",
                                 "everything_changed"}},
    [DIMENSION_PAUSE_END] = {"end", METRICS_PAUSE_ENDS, {"resumed", "timed_out"}},
};

size_t metrics_dimension_size(enum metrics_dimension dimension) {
    switch (dimension) {
    case DIMENSION_NONE:
    case DIMENSION_BUILD:
        return 1;
    case DIMENSION_ENDPOINT:
        return METRICS_ENDPOINTS;
    case DIMENSION_STATUS:
        return METRICS_STATUSES;
    case DIMENSION_STATEMENT:
        return METRICS_STATEMENTS;
    default:
        return dimensions[dimension].size;
    }
}

static void write_endpoint(FILE *out, const struct metrics_names *names, size_t endpoint) {
    static const char *const methods[METRICS_METHODS] = {"GET",     "HEAD",   "POST",  "PUT",
                                                         "OPTIONS", "DELETE", "_OTHER"};
    const char *method, *pattern = "none";
    if (endpoint >= METRICS_WITHOUT_ROUTE) {
        method = methods[endpoint - METRICS_WITHOUT_ROUTE];
    } else {
        method = endpoint % 2 == 0 ? names->routes[endpoint / 2].method : "HEAD";
        pattern = names->routes[endpoint / 2].pattern;
    }
    fprintf(out, "http_route=\"%s\",http_request_method=\"%s\"", pattern, method);
}

static void write_status(FILE *out, unsigned status) {
    fputs("http_response_status_code=\"", out);
    if (status >= 100) {
        fprintf(out, "%u\"", status);
    } else {
        fputs(status == 0 ? "none\"" : "other\"", out);
    }
}

void metrics_write_labels(FILE *out, const struct metrics_names *names,
                          enum metrics_dimension dimension, size_t value) {
    switch (dimension) {
    case DIMENSION_NONE:
        break;
    case DIMENSION_ENDPOINT:
        write_endpoint(out, names, value);
        break;
    case DIMENSION_STATUS:
        write_status(out, metrics_statuses[value]);
        break;
    case DIMENSION_STATEMENT:
        fprintf(out, "db_query_summary=\"%s\"", names->statements[value]);
        break;
    case DIMENSION_BUILD:
        fprintf(out, "version=\"%s\",revision=\"%s\"", version_number, version_revision);
        break;
    default:
        fprintf(out, "%s=\"%s\"", dimensions[dimension].label, dimensions[dimension].values[value]);
        break;
    }
}

static uint64_t add_text(uint64_t hash, const char *text) {
    return XXH3_64bits_withSeed(text, strlen(text) + 1, hash);
}

static uint64_t add_number(uint64_t hash, uint64_t number) {
    return XXH3_64bits_withSeed(&number, sizeof number, hash);
}

/* What lies where among the metrics between two offsets. */
static uint64_t layout_of(size_t from, size_t to) {
    uint64_t hash = 0;
    for (const struct metrics_metric *metric = metrics_metrics; metric->name; metric++) {
        if (from <= metric->offset && metric->offset < to) {
            hash = add_number(add_text(hash, metric->name), metric->offset);
            hash = add_number(hash, metrics_dimension_size(metric->dimensions[0]));
            hash = add_number(hash, metrics_dimension_size(metric->dimensions[1]));
        }
    }
    return hash;
}

uint64_t metrics_layout_of_workers(const struct metrics_names *names) {
    uint64_t hash = add_number(layout_of(0, sizeof(struct metrics)), sizeof(struct metrics));
    for (size_t i = 0; i < METRICS_ROUTES; i++) {
        hash = add_text(add_text(add_number(hash, i), names->routes[i].method),
                        names->routes[i].pattern);
    }
    for (size_t i = 0; i < METRICS_STATEMENTS; i++) {
        hash = add_text(add_number(hash, i), names->statements[i]);
    }
    return hash | 1;
}

uint64_t metrics_layout_of_service(void) {
    uint64_t hash =
        layout_of(offsetof(struct metrics_sum, service), offsetof(struct metrics_sum, seen));
    return add_number(hash, sizeof(struct metrics_service)) | 1;
}

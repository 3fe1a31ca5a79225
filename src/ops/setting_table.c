/* The settings of the program, which flags, environment, files and help all come from. */
#include "ops/setting_table.h"

#include <stddef.h>
#include <stdlib.h>

#define FIELD(name) (((struct config *)NULL)->name)
#define TEXT(name) SETTING_TEXT, offsetof(struct config, name)
#define SECRET(name) SETTING_SECRET, offsetof(struct config, name)
/* The versions of clang-format do not agree about _Generic. */
// clang-format off
#define TYPE(name) _Generic(FIELD(name), \
    unsigned: SETTING_UNSIGNED, size_t: SETTING_SIZE, int64_t: SETTING_INT64)
// clang-format on
#define NUMBER(name) TYPE(name), offsetof(struct config, name)

const struct setting setting_table[] = {
    {"DATABASE_URL", NULL, SECRET(database_url), "", 0, 0, "",
     "PostgreSQL connection string of the serving role; empty: libpq's PG* variables"},
    {"QA_READ_DATABASE_URL", NULL, SECRET(read_database_url), "", 0, 0, "",
     "the same of standbys, which are asked first for pages that are not in the cache; needs "
     "QA_LEASE_MS; empty: none"},
    {"QA_OWNER_DATABASE_URL", NULL, SECRET(owner_database_url), "", 0, 0, "",
     "the same for the owner of the tables (migrate, import); empty: DATABASE_URL"},
    {"QA_MODERATION_DATABASE_URL", NULL, SECRET(moderation_database_url), "", 0, 0, "",
     "the same for a role that moderates (moderate, moderation page); empty: "
     "QA_OWNER_DATABASE_URL"},
    {"QA_MODERATION_TOKENS", NULL, SECRET(moderation_tokens), "", 0, 0, "",
     "who may use the moderation page of QA_ADMIN_LISTEN: NAME:TOKEN of each, separated by blanks; "
     "needs "
     "QA_MODERATION_DATABASE_URL; empty: nobody"},
    {"QA_ENV_FILE", "env-file", TEXT(env_file), "", 0, 0, "",
     "file of NAME=VALUE lines, read at start and on SIGHUP; the environment wins over it"},
    {"QA_STATE_DIR", "state-dir", TEXT(state_dir), ".local", 0, 0, "",
     "folder of sockets and other run-time files"},
    {"QA_LISTEN", "listen", TEXT(listen), "", 0, 0, "",
     "unix:PREFIX (sockets PREFIX0.sock, PREFIX1.sock, ...) or ADDRESS:BASE (TCP ports BASE, "
     "BASE+1, ...); empty: unix:$QA_STATE_DIR/run/worker"},
    {"QA_ADMIN_LISTEN", "admin-listen", TEXT(admin_listen), "", 0, 0, "",
     "where operators look into the service: a list of unix:PATH and ADDRESS:PORT, or off; empty: "
     "admin.sock beside the workers' sockets, and 127.0.0.1:PORT+1"},
    {"QA_WORKERS", "workers", NUMBER(workers), NULL, 1, 256, "processes",
     "worker processes; default: processors"},
    {"QA_READ_CONNECTIONS", "read-connections", NUMBER(read_connections), "2", 1, 64, "",
     "database connections for reads, each worker"},
    {"QA_WRITE_CONNECTIONS", "write-connections", NUMBER(write_connections), "4", 1, 64, "",
     "database connections for writes, each worker"},
    {"QA_QUEUE_LIMIT", "queue-limit", NUMBER(queue_limit), "1024", 1, 1000000, "requests",
     "reads, and writes, that may wait for the database in a worker; past it 503"},
    {"QA_OVERLOAD_AFTER_MS", "overload-after-ms", NUMBER(overload_after_ms), "250", 1, 3600000,
     "ms",
     "a worker rejects new queries with 503 while the oldest in the queue has waited longer; "
     "reads: only when the queue holds 64 for each connection and has not been empty for four "
     "times as long; writes: the lock timeout is added"},
    {"QA_MAX_CLIENTS", "max-clients", NUMBER(max_clients), "4096", 1, 1000000, "connections",
     "client connections of a worker"},
    {"QA_ANSWERS_PER_QUESTION", "answers-per-question", NUMBER(answers_per_question), "100", 0,
     1000, "answers", "most answers shown with each question in a list of questions"},
    {"QA_REPORTS_TO_HIDE", "reports-to-hide", NUMBER(reports_to_hide), "1", 1, 1000000, "",
     "reports of different shoppers that hide a question or an answer, until a moderator decides"},
    {"QA_PREMODERATE", "premoderate", TEXT(premoderate_text), "off", 0, 0, "",
     "all: new questions and answers are not shown before a moderator approves them; off: those of "
     "products that moderators hold (atelier-qa moderate hold)"},
    {"QA_SHARED_FILE", "shared-file", TEXT(shared_file), "", 0, 0, "",
     "file by which all processes of this host that serve or change the database find the memory "
     "that they share; empty: $QA_STATE_DIR/run/" SHARED_FILE_NAME},
    {"QA_CACHE_MB", "cache-mb", NUMBER(cache_mb), "1024", 0, 65536, "MiB",
     "memory for cached pages, which all workers share; 0: no cache, as workers of several hosts "
     "on one database must have it without a lease"},
    {"QA_CACHE_LIFETIME_S", "cache-lifetime-s", NUMBER(cache_lifetime_s), "300", 1, 86400, "s",
     "a cached page is made anew after it; for changes behind the service's back, without a lease"},
    {"QA_LEASE_MS", "lease-ms", TEXT(lease_text), "", 0, 0, "",
     "several hosts on one database: for how many ms a host shows cached pages without news of the "
     "others' writes, and a write's response waits after its commit, such as 20; 0: no cached page "
     "is shown; empty: one host"},
    {"QA_LOCK_TIMEOUT_MS", "lock-timeout-ms", NUMBER(lock_timeout_ms), "500", 1, 3600000, "ms",
     "longest wait of a statement for a lock"},
    {"QA_STATEMENT_TIMEOUT_MS", "statement-timeout-ms", NUMBER(statement_timeout_ms), "2000", 1,
     3600000, "ms", "longest run of a statement; more than the lock timeout"},
    {"QA_REQUEST_TIMEOUT_MS", "request-timeout-ms", NUMBER(request_timeout_ms), "3000", 1, 3600000,
     "ms",
     "deadline of a request, queue included and a pause not; more than the statement timeout, less "
     "than 5000, for which NGINX waits at least"},
    {"QA_DRAIN_TIMEOUT_MS", "drain-timeout-ms", NUMBER(drain_timeout_ms), "8000", 1, 3600000, "ms",
     "longest drain of a stopping worker; more than the deadline of a request"},
    {"QA_PAUSE_TIMEOUT_S", "pause-timeout-s", NUMBER(pause_timeout_s), "10", 0, 300, "s",
     "longest pause (atelier-qa pause), which then ends by itself; NGINX waits 5 s longer for a "
     "response; 0: no pauses"},
    {"QA_CLIENT_IDLE_TIMEOUT_S", "client-idle-timeout-s", NUMBER(client_idle_timeout_s), "60", 5,
     86400, "s",
     "idle keep-alive connections are closed after it; well above NGINX's upstream "
     "keepalive_timeout (2), so that NGINX lets go first"},
    {"QA_LOG_LEVEL", "log-level", TEXT(log_level_name), "info", 0, 0, "",
     "debug (each request), info, warning or error"},
    {"QA_LOG_FILE", "log-file", TEXT(log_file), "", 0, 0, "",
     "file that the log goes to, made anew when somebody has moved it; empty: standard error"},
    {"QA_LOG_SLOW_MS", "log-slow-ms", NUMBER(log_slow_ms), "1000", 0, 3600000, "ms",
     "requests that take so long are logged, with the parts of their time; 0: none"},
    {"QA_SERVER_TIMING", "server-timing", TEXT(server_timing_text), "false", 0, 0, "",
     "true: responses have the header Server-Timing: cache, queue, db"},
    {"QA_LOADERIO_TOKEN", "loaderio-token", TEXT(loaderio_token), "", 0, 0, "",
     "/loaderio-TOKEN, alone, with .txt and with .html, answers loader.io's verification; the "
     "token "
     "with or without loaderio-; empty: off"},
    {0},
};

_Static_assert(sizeof setting_table / sizeof *setting_table == SETTING_COUNT + 1,
               "SETTING_COUNT is the number of settings");

const char *setting_text(const struct config *config, const struct setting *setting) {
    return *(char *const *)(const void *)((const char *)config + setting->offset);
}

int64_t setting_number(const struct config *config, const struct setting *setting) {
    const void *field = (const char *)config + setting->offset;
    switch (setting->type) {
    case SETTING_UNSIGNED:
        return *(const unsigned *)field;
    case SETTING_SIZE:
        return (int64_t)((const size_t *)field)[0];
    default:
        return *(const int64_t *)field;
    }
}

void setting_set_text(struct config *config, const struct setting *setting, char *text) {
    char **field = (char **)(void *)((char *)config + setting->offset);
    free(*field);
    *field = text;
}

void setting_set_number(struct config *config, const struct setting *setting, int64_t number) {
    void *field = (char *)config + setting->offset;
    switch (setting->type) {
    case SETTING_UNSIGNED:
        *(unsigned *)field = (unsigned)number;
        break;
    case SETTING_SIZE:
        *(size_t *)field = (size_t)number;
        break;
    default:
        *(int64_t *)field = number;
    }
}

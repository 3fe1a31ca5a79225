/* Configuration: one table of settings; flags, environment, env file and help all come from it. */
#include "ops/config.h"

#include "ops/given.h"
#include "ops/setting_names.h"
#include "ops/shown.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { TEXT, SECRET, NUMBER };

struct setting {
    const char *variable;
    const char *flag; /* without the dashes; NULL = none */
    enum kind kind;
    size_t offset;        /* in struct config: char * of a text or secret, int64_t of a number */
    const char *fallback; /* NULL = the number of processors */
    int64_t least, most;
    const char *unit; /* shown in the help */
    const char *help;
};

#define AT(field) offsetof(struct config, field)

static const struct setting settings[] = {
    {"DATABASE_URL", NULL, SECRET, AT(database_url), "", 0, 0, "",
     "PostgreSQL connection string of the serving role; empty: libpq's PG* variables"},
    {"QA_OWNER_DATABASE_URL", NULL, SECRET, AT(owner_database_url), "", 0, 0, "",
     "the same for the owner of the tables (migrate, import); empty: DATABASE_URL"},
    {"QA_ENV_FILE", "env-file", TEXT, AT(env_file), "", 0, 0, "",
     "file of NAME=VALUE lines, read at start and on SIGHUP; the environment wins over it"},
    {"QA_STATE_DIR", "state-dir", TEXT, AT(state_dir), ".local", 0, 0, "",
     "folder of sockets and other run-time files"},
    {"QA_LISTEN", "listen", TEXT, AT(listen), "", 0, 0, "",
     "unix:PREFIX (sockets PREFIX0.sock, PREFIX1.sock, ...) or ADDRESS:BASE (TCP ports BASE, "
     "BASE+1, ...); empty: unix:$QA_STATE_DIR/run/worker"},
    {"QA_WORKERS", "workers", NUMBER, AT(workers), NULL, 1, 256, "processes",
     "worker processes; default: processors"},
    {"QA_READ_CONNECTIONS", "read-connections", NUMBER, AT(read_connections), "2", 1, 64, "",
     "database connections for reads, each worker"},
    {"QA_WRITE_CONNECTIONS", "write-connections", NUMBER, AT(write_connections), "4", 1, 64, "",
     "database connections for writes, each worker"},
    {"QA_QUEUE_LIMIT", "queue-limit", NUMBER, AT(queue_limit), "1024", 1, 1000000, "requests",
     "reads, and writes, that may wait for the database in a worker; past it 503"},
    {"QA_OVERLOAD_AFTER_MS", "overload-after-ms", NUMBER, AT(overload_after_ms), "250", 1, 3600000,
     "ms",
     "a worker rejects new queries with 503 while the oldest in the queue has waited longer; "
     "reads: only when the queue holds 64 for each connection and has not been empty for four "
     "times as long; writes: the lock timeout is added"},
    {"QA_MAX_CLIENTS", "max-clients", NUMBER, AT(max_clients), "4096", 1, 1000000, "connections",
     "client connections of a worker"},
    {"QA_ANSWERS_PER_QUESTION", "answers-per-question", NUMBER, AT(answers_per_question), "100", 0,
     1000, "answers", "most answers shown with each question in a list of questions"},
    {"QA_SHARED_FILE", "shared-file", TEXT, AT(shared_file), "", 0, 0, "",
     "file by which all processes of this host that serve or change the database keep the caches "
     "coherent; empty: $QA_STATE_DIR/run/generations.3"},
    {"QA_CACHE_MB", "cache-mb", NUMBER, AT(cache_mb), "64", 0, 65536, "MiB",
     "memory for cached pages, each worker; 0: no cache, as workers of several hosts on one "
     "database must have it"},
    {"QA_SHARED_CACHE_MB", "shared-cache-mb", NUMBER, AT(shared_cache_mb), "1024", 0, 65536, "MiB",
     "memory for pages that all workers share, behind the cache of each; 0, or no cache: none"},
    {"QA_CACHE_LIFETIME_S", "cache-lifetime-s", NUMBER, AT(cache_lifetime_s), "300", 1, 86400, "s",
     "a cached page is made anew after it; for changes that were made behind the service's back"},
    {"QA_LOCK_TIMEOUT_MS", "lock-timeout-ms", NUMBER, AT(lock_timeout_ms), "500", 1, 3600000, "ms",
     "longest wait of a statement for a lock"},
    {"QA_STATEMENT_TIMEOUT_MS", "statement-timeout-ms", NUMBER, AT(statement_timeout_ms), "2000", 1,
     3600000, "ms", "longest run of a statement; more than the lock timeout"},
    {"QA_REQUEST_TIMEOUT_MS", "request-timeout-ms", NUMBER, AT(request_timeout_ms), "3000", 1,
     3600000, "ms",
     "deadline of a request, queue included; more than the statement timeout, less than NGINX's "
     "proxy_read_timeout (5000)"},
    {"QA_DRAIN_TIMEOUT_MS", "drain-timeout-ms", NUMBER, AT(drain_timeout_ms), "8000", 1, 3600000,
     "ms", "longest drain of a stopping worker; more than NGINX's proxy_read_timeout"},
    {"QA_CLIENT_IDLE_TIMEOUT_S", "client-idle-timeout-s", NUMBER, AT(client_idle_timeout_s), "60",
     5, 86400, "s",
     "idle keep-alive connections are closed after it; well above NGINX's upstream "
     "keepalive_timeout (2), so that NGINX lets go first"},
    {"QA_LOG_LEVEL", "log-level", TEXT, AT(log_level_name), "info", 0, 0, "",
     "debug (each request), info, warning or error"},
    {"QA_LOADERIO_TOKEN", "loaderio-token", TEXT, AT(loaderio_token), "", 0, 0, "",
     "/loaderio-TOKEN, alone, with .txt and with .html, answers loader.io's verification; the "
     "token "
     "with or without loaderio-; empty: off"},
};

#define SETTING_COUNT (sizeof settings / sizeof *settings)

static char **text_of(struct config *config, const struct setting *setting) {
    return (char **)((char *)config + setting->offset);
}

static int64_t *number_of(struct config *config, const struct setting *setting) {
    return (int64_t *)((char *)config + setting->offset);
}

static bool parse_number(const struct setting *setting, const char *text, int64_t *number,
                         char *error, size_t size) {
    char *end = NULL;
    errno = 0;
    int64_t value = strtoll(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end != '\0' || value < setting->least ||
        value > setting->most) {
        return wrong(error, size,
                     "%s must be a whole number from %" PRId64 " to %" PRId64 "%s%s, not '%s'",
                     setting->variable, setting->least, setting->most, *setting->unit ? " " : "",
                     setting->unit, text);
    }
    *number = value;
    return true;
}

static bool fill(struct config *config, const struct given *given, char *error, size_t size) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        if (setting->kind == NUMBER) {
            int64_t *number = number_of(config, setting);
            const char *text = given->text[i] ? given->text[i] : setting->fallback;
            if (!text) {
                long processors = sysconf(_SC_NPROCESSORS_ONLN);
                *number = processors < 1 ? 1 : processors > 256 ? 256 : processors;
            } else if (!parse_number(setting, text, number, error, size)) {
                return false;
            }
        } else {
            char **text = text_of(config, setting);
            *text = strdup(given->text[i] ? given->text[i] : setting->fallback);
            if (!*text) {
                return wrong(error, size, "out of memory");
            }
            if (setting->kind == SECRET || setting->offset == AT(loaderio_token)) {
                shown_value(*text);
            }
            if (strchr(*text, '\n')) {
                return wrong(error, size, "%s holds a line break", setting->variable);
            }
        }
    }
    return true;
}

/* What concerns more than one setting, or needs more than a range. */
static bool check(struct config *config, char *error, size_t size) {
    if (!log_level_from_name(config->log_level_name, &config->log_level)) {
        return wrong(error, size, "QA_LOG_LEVEL must be debug, info, warning or error, not '%s'",
                     config->log_level_name);
    }
    shown_loaderio_token(config->loaderio_token);
    if (strspn(config->loaderio_token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_") != strlen(config->loaderio_token)) {
        return wrong(error, size, "QA_LOADERIO_TOKEN may hold letters, digits, - and _ only");
    }
    if (config->lock_timeout_ms >= config->statement_timeout_ms) {
        return wrong(error, size, "QA_LOCK_TIMEOUT_MS must be less than QA_STATEMENT_TIMEOUT_MS");
    }
    if (config->statement_timeout_ms >= config->request_timeout_ms) {
        return wrong(error, size,
                     "QA_STATEMENT_TIMEOUT_MS must be less than QA_REQUEST_TIMEOUT_MS");
    }
    if (config->request_timeout_ms >= config->drain_timeout_ms) {
        return wrong(error, size, "QA_REQUEST_TIMEOUT_MS must be less than QA_DRAIN_TIMEOUT_MS");
    }
    if (config->cache_mb == 0) {
        config->shared_cache_mb = 0;
    }
    if (!*config->owner_database_url) {
        free(config->owner_database_url);
        config->owner_database_url = strdup(config->database_url);
    }
    if (!*config->listen) {
        free(config->listen);
        if (asprintf(&config->listen, "unix:%s/run/worker", config->state_dir) < 0) {
            config->listen = NULL;
        }
    }
    if (!*config->shared_file) {
        free(config->shared_file);
        if (asprintf(&config->shared_file, "%s/run/generations.3", config->state_dir) < 0) {
            config->shared_file = NULL;
        }
    }
    if (!config->owner_database_url || !config->listen || !config->shared_file) {
        return wrong(error, size, "out of memory");
    }
    return true;
}

/* Nothing yet; for the names there is `room`. */
static struct given nothing_given(struct given_setting room[SETTING_COUNT]) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        room[i] = (struct given_setting){settings[i].variable, settings[i].flag,
                                         settings[i].kind == SECRET};
    }
    return (struct given){.settings = room, .count = SETTING_COUNT};
}

/* config_load(); what was given stays in `given`, which given_free() releases. */
static enum config_result load(struct config *config, struct given *given, int argc, char **argv,
                               char *error, size_t size) {
    bool help = false;
    size_t length = 0;
    memset(config, 0, sizeof *config);
    given->remarks = open_memstream(&config->remarks, &length);
    bool ok = given->remarks || wrong(error, size, "out of memory");
    ok = ok && given_read(given, argc, argv, &help, error, size);
    if (given->remarks && (fclose(given->remarks) != 0 || !config->remarks)) {
        ok = wrong(error, size, "out of memory");
    }
    ok = ok && (help || (fill(config, given, error, size) && check(config, error, size)));
    if (!ok || help) {
        config_free(config);
    }
    return !ok ? CONFIG_WRONG : help ? CONFIG_HELP : CONFIG_OK;
}

enum config_result config_load(struct config *config, int argc, char **argv, char *error,
                               size_t error_size) {
    struct given_setting room[SETTING_COUNT];
    struct given given = nothing_given(room);
    enum config_result result = load(config, &given, argc, argv, error, error_size);
    given_free(&given);
    return result;
}

void config_free(struct config *config) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (settings[i].kind != NUMBER) {
            free(*text_of(config, &settings[i]));
        }
    }
    free(config->remarks);
    memset(config, 0, sizeof *config);
}

const char *config_owner_setting(const struct config *config) {
    bool is_same = strcmp(config->owner_database_url, config->database_url) == 0;
    return is_same ? "DATABASE_URL" : "QA_OWNER_DATABASE_URL";
}

void config_log_remarks(const struct config *config) {
    const struct logger logger = {.level = config->log_level, .worker = -1};
    for (const char *remark = config->remarks; *remark;) {
        size_t length = strcspn(remark, "\n");
        log_write(&logger, LOG_LEVEL_WARNING, "a setting needs attention", "{s:s#}", "reason",
                  remark, (int)length);
        remark += length + (remark[length] == '\n');
    }
}

/* True when `entry`, "NAME=VALUE", is a setting, its old name or its NAME_FILE form. */
static bool is_setting(const char *entry) {
    size_t length = strcspn(entry, "=");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *old = setting_name_old(settings[i].variable);
        if (old && strncmp(entry, old, length) == 0 && old[length] == '\0') {
            return true;
        }
        size_t name_length = strlen(settings[i].variable);
        if (strncmp(entry, settings[i].variable, name_length) == 0 &&
            (length == name_length ||
             (length == name_length + 5 && strncmp(entry + name_length, "_FILE", 5) == 0))) {
            return true;
        }
    }
    return false;
}

static char *environment_entry(const struct config *config, const struct setting *setting) {
    const void *value = (const char *)config + setting->offset;
    char *entry = NULL;
    int length = setting->kind == NUMBER
                     ? asprintf(&entry, "%s=%" PRId64, setting->variable, *(const int64_t *)value)
                     : asprintf(&entry, "%s=%s", setting->variable, *(char *const *)value);
    return length < 0 ? NULL : entry;
}

/* Takes `entry` over; false when there is none. */
static bool append(char **environment, size_t *count, char *entry) {
    environment[*count] = entry;
    *count += entry != NULL;
    return entry != NULL;
}

char **config_environment(const struct config *config, const char *database_url_file) {
    size_t inherited = 0;
    while (environ[inherited]) {
        inherited++;
    }
    char **environment = calloc(inherited + SETTING_COUNT + 1, sizeof *environment);
    size_t count = 0;
    bool ok = environment != NULL;
    for (size_t i = 0; ok && i < inherited; i++) {
        ok = is_setting(environ[i]) || append(environment, &count, strdup(environ[i]));
    }
    for (size_t i = 0; ok && i < SETTING_COUNT; i++) {
        if (settings[i].offset == AT(database_url) && database_url_file) {
            char *entry = NULL;
            int length = asprintf(&entry, "%s_FILE=%s", settings[i].variable, database_url_file);
            ok = append(environment, &count, length < 0 ? NULL : entry);
        } else if (settings[i].offset != AT(env_file) &&
                   settings[i].offset != AT(owner_database_url)) {
            ok = append(environment, &count, environment_entry(config, &settings[i]));
        }
    }
    if (!ok) {
        config_environment_free(environment);
        return NULL;
    }
    return environment;
}

void config_environment_free(char **environment) {
    for (char **entry = environment; entry && *entry; entry++) {
        free(*entry);
    }
    free(environment);
}

void config_print_help(void) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        printf("  %s", setting->variable);
        if (setting->flag) {
            printf("  --%s", setting->flag);
        }
        if (setting->kind == SECRET) {
            printf("  (no flag; or %s_FILE)", setting->variable);
        } else {
            const char *fallback = setting->fallback ? setting->fallback : "processors";
            printf("  (default %s%s%s)", *fallback ? fallback : "none", *setting->unit ? " " : "",
                   setting->unit);
        }
        printf("\n      %s\n", setting->help);
    }
}

static void print_setting(const struct config *config, const struct given *given, size_t index) {
    const struct setting *setting = &settings[index];
    const char *mark = given->text[index] ? "" : "#";
    if (setting->kind == SECRET) {
        printf("%s%s=%s\n", mark, setting->variable, given->text[index] ? "(set)" : "");
        return;
    }
    char *entry = environment_entry(config, setting);
    if (entry) {
        printf("%s%s\n", mark, entry);
    }
    free(entry);
}

/* What the file says to others, who are told by the environment first. */
static void print_elsewhere(const struct given *given) {
    for (size_t i = 0; i < given->line_count; i++) {
        const struct env_line *line = &given->lines[i];
        const char *value = getenv(line->name);
        if (*line->value && setting_name_is_known(line->name, strlen(line->name)) &&
            !is_setting(line->name) && !(value && *value)) {
            printf("%s=%s\n", line->name, line->value);
        }
    }
}

bool config_print(bool elsewhere, char *error, size_t error_size) {
    struct config config;
    struct given_setting room[SETTING_COUNT];
    struct given given = nothing_given(room);
    char *argv[] = {NULL};
    bool ok = load(&config, &given, 1, argv, error, error_size) == CONFIG_OK;
    if (ok && elsewhere) {
        print_elsewhere(&given);
    } else if (ok) {
        for (size_t i = 0; i < SETTING_COUNT; i++) {
            print_setting(&config, &given, i);
        }
        fputs(config.remarks, stderr);
    }
    if (ok) {
        config_free(&config);
    }
    given_free(&given);
    return ok;
}

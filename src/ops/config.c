/* Configuration: one table of settings; flags, environment, env file and help all come from it. */
#include "ops/config.h"

#include "ops/env_file.h"
#include "ops/setting_names.h"
#include "ops/shown.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
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
    {"QA_QUEUE_WAIT_MS", "queue-wait-ms", NUMBER, AT(queue_wait_ms), "250", 1, 3600000, "ms",
     "while the first in a worker's queue has waited longer for a connection, who comes gets 503; "
     "reads: only from 64 for each connection on, when some have waited without a break for four "
     "times as long; writes: plus the lock timeout"},
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

/* The contents of a file, kept while settings are read. */
struct file {
    struct file *next;
    char text[];
};

/* What was given for each setting; NULL where nothing was. The texts belong to argv, to the
 * environment or to the files. */
struct given {
    const char *text[SETTING_COUNT];
    struct file *files;
    struct env_line *lines; /* of QA_ENV_FILE; owned */
    size_t line_count;
    FILE *remarks;
};

static char **text_of(struct config *config, const struct setting *setting) {
    return (char **)((char *)config + setting->offset);
}

static int64_t *number_of(struct config *config, const struct setting *setting) {
    return (int64_t *)((char *)config + setting->offset);
}

__attribute__((format(printf, 3, 4))) static bool wrong(char *error, size_t size,
                                                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return false;
}

static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* The contents of a file of at most 64 KiB, without a byte-order mark and trailing line ends; NULL
 * with errno set, EILSEQ where it is not text of one byte a letter. */
static char *read_small_file(struct given *given, const char *path) {
    enum { LIMIT = 64 * 1024 };
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return NULL;
    }
    struct file *file = calloc(1, sizeof *file + LIMIT + 1);
    size_t length = 0;
    ssize_t count = file ? 1 : -1;
    while (count > 0 && length <= LIMIT) {
        count = read(descriptor, file->text + length, LIMIT + 1 - length);
        length += count > 0 ? (size_t)count : 0;
    }
    bool is_text = count == 0 && strlen(file->text) == length;
    int reason = length > LIMIT ? EFBIG : count == 0 ? EILSEQ : errno;
    close(descriptor);
    if (count < 0 || length > LIMIT || !is_text) {
        free(file);
        errno = reason;
        return NULL;
    }
    while (length > 0 && (file->text[length - 1] == '\n' || file->text[length - 1] == '\r')) {
        file->text[--length] = '\0';
    }
    file->next = given->files;
    given->files = file;
    bool has_mark = strncmp(file->text, byte_order_mark, sizeof byte_order_mark - 1) == 0;
    return file->text + (has_mark ? sizeof byte_order_mark - 1 : 0);
}

/* One line on a name that is no setting, with the one that may have been meant. */
static void describe_unknown(const char *name, char *text, size_t size) {
    const char *nearest = setting_name_nearest(name);
    snprintf(text, size, "%s is not a setting%s%s%s", name, nearest ? "; did you mean " : "",
             nearest ? nearest : "", nearest ? "?" : "");
}

static const char *why_unreadable(void) {
    return errno == EILSEQ ? "it holds zero bytes, as UTF-16 has them; UTF-8 is needed"
                           : strerror(errno);
}

static bool read_flags(struct given *given, int argc, char **argv, bool *help, char *error,
                       size_t size) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
            *help = true;
            return true;
        }
        size_t length = strcspn(name, "=");
        size_t found = 0;
        while (found < SETTING_COUNT &&
               !(settings[found].flag && length == strlen(settings[found].flag) + 2 &&
                 strncmp(name, "--", 2) == 0 &&
                 strncmp(name + 2, settings[found].flag, length - 2) == 0)) {
            found++;
        }
        if (found == SETTING_COUNT) {
            return wrong(error, size, "unknown argument '%s' (--help lists all)", name);
        }
        const char *value = name[length] == '=' ? name + length + 1 : argv[++i];
        if (i >= argc) {
            return wrong(error, size, "%s needs a value", name);
        }
        given->text[found] = value;
    }
    return true;
}

/* Takes what one place says of a setting: `value`, or, of a secret, the contents of the file that
 * `path` names. Empty ones are as good as none: compose files set them so. */
static bool take(struct given *given, size_t index, const char *value, const char *path,
                 char *error, size_t size) {
    const char *variable = settings[index].variable;
    bool has_value = value && *value;
    bool has_path = settings[index].kind == SECRET && path && *path;
    if (given->text[index] || (!has_value && !has_path)) {
        return true;
    }
    if (has_value && has_path) {
        return wrong(error, size, "%s and %s_FILE are both set; set one", variable, variable);
    }
    given->text[index] = has_value ? value : read_small_file(given, path);
    return given->text[index] ||
           wrong(error, size, "%s_FILE: cannot read '%s': %s", variable, path, why_unreadable());
}

static bool read_environment(struct given *given, char *error, size_t size) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char file_variable[64];
        snprintf(file_variable, sizeof file_variable, "%s_FILE", settings[i].variable);
        if (!take(given, i, getenv(settings[i].variable), getenv(file_variable), error, size)) {
            return false;
        }
    }
    for (char **entry = environ; *entry; entry++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
        if (setting_name_is_ours(name) && !setting_name_is_known(name, strlen(name))) {
            char remark[160];
            describe_unknown(name, remark, sizeof remark);
            fprintf(given->remarks, "%s\n", remark);
        }
    }
    return true;
}

static const char *line_value(const struct given *given, const char *name) {
    for (size_t i = 0; i < given->line_count; i++) {
        if (strcmp(given->lines[i].name, name) == 0) {
            return given->lines[i].value;
        }
    }
    return NULL;
}

/* Of the names of others, those that libpq reads from the environment, and nowhere else. */
static bool is_of_libpq(const char *name) {
    static const char *const names[] = {"PGHOST",     "PGHOSTADDR", "PGPORT",
                                        "PGDATABASE", "PGUSER",     "PGPASSWORD",
                                        "PGPASSFILE", "PGSERVICE",  "PGSSLMODE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What is wrong with a line, or what its writer may not expect. */
static bool check_line(const struct given *given, const struct env_line *line, const char *path,
                       char *error, size_t size) {
    char place[PATH_MAX + 32];
    snprintf(place, sizeof place, "%s: line %zu: ", path, line->number);
    if (setting_name_is_known(line->name, strlen(line->name))) {
        if (line_value(given, line->name)) {
            return wrong(error, size, "%s%s is set for the second time", place, line->name);
        }
        const char *value = getenv(line->name);
        if (value && *value && *line->value && strcmp(value, line->value) != 0) {
            fprintf(given->remarks, "%s%s has no effect: the environment sets it, too\n", place,
                    line->name);
        }
        return strcmp(line->name, "QA_ENV_FILE") != 0 ||
               wrong(error, size, "%sQA_ENV_FILE cannot be set in the file that it names", place);
    }
    char unknown[160];
    describe_unknown(line->name, unknown, sizeof unknown);
    if (setting_name_is_ours(line->name)) {
        return wrong(error, size, "%s%s", place, unknown);
    }
    if (is_of_libpq(line->name)) {
        fprintf(given->remarks, "%s%s has no effect in a file; set DATABASE_URL\n", place,
                line->name);
    } else if (setting_name_nearest(line->name)) {
        fprintf(given->remarks, "%s%s\n", place, unknown);
    }
    return true;
}

static bool read_lines(struct given *given, const char *path, char *error, size_t size) {
    char *rest = read_small_file(given, path);
    if (!rest) {
        return wrong(error, size, "QA_ENV_FILE: cannot read '%s': %s", path, why_unreadable());
    }
    struct env_line line = {0};
    enum env_line_kind kind;
    while ((kind = env_file_next(&rest, &line)) == ENV_LINE_SETTING) {
        if (!check_line(given, &line, path, error, size)) {
            return false;
        }
        struct env_line *lines = reallocarray(given->lines, given->line_count + 1, sizeof line);
        if (!lines) {
            return wrong(error, size, "out of memory");
        }
        given->lines = lines;
        given->lines[given->line_count++] = line;
    }
    return kind == ENV_LINE_END ||
           wrong(error, size, "%s: line %zu %s", path, line.number, line.reason);
}

/* Names that are no setting are left to others who read the same file. */
static bool read_env_file(struct given *given, const char *path, char *error, size_t size) {
    if (!read_lines(given, path, error, size)) {
        return false;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char file_variable[64];
        snprintf(file_variable, sizeof file_variable, "%s_FILE", settings[i].variable);
        if (!take(given, i, line_value(given, settings[i].variable),
                  line_value(given, file_variable), error, size)) {
            return false;
        }
    }
    return true;
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

static void given_free(struct given *given) {
    for (struct file *file = given->files; file;) {
        struct file *next = file->next;
        free(file);
        file = next;
    }
    free(given->lines);
}

/* All that was given, in the order of precedence. */
static bool gather(struct given *given, int argc, char **argv, bool *help, char *error,
                   size_t size) {
    if (!read_flags(given, argc, argv, help, error, size)) {
        return false;
    }
    if (*help) {
        return true;
    }
    if (!read_environment(given, error, size)) {
        return false;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (settings[i].offset == AT(env_file) && given->text[i]) {
            return read_env_file(given, given->text[i], error, size);
        }
    }
    return true;
}

/* config_load(); what was given stays in `given`, which given_free() releases. */
static enum config_result load(struct config *config, struct given *given, int argc, char **argv,
                               char *error, size_t size) {
    bool help = false;
    size_t length = 0;
    memset(config, 0, sizeof *config);
    given->remarks = open_memstream(&config->remarks, &length);
    bool ok = given->remarks || wrong(error, size, "out of memory");
    ok = ok && gather(given, argc, argv, &help, error, size);
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
    struct given given = {0};
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
        log_write(&logger, LOG_LEVEL_WARNING, "a setting has no effect", "{s:s#}", "reason", remark,
                  (int)length);
        remark += length + (remark[length] == '\n');
    }
}

/* True when `entry`, "NAME=VALUE", is a setting or the NAME_FILE form of one. */
static bool is_setting(const char *entry) {
    size_t length = strcspn(entry, "=");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
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

char **config_environment(const struct config *config) {
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
        if (settings[i].offset != AT(env_file) && settings[i].offset != AT(owner_database_url)) {
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
    struct given given = {0};
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

/* Configuration: from what was given to the values of all settings. */
#include "ops/config_load.h"

#include "ops/error_text.h"
#include "ops/given.h"
#include "ops/number.h"
#include "ops/setting_table.h"
#include "ops/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    NGINX_PORT = 8080, /* by default; deploy/configure-nginx.sh */
    PORT_MAX = 65535,
    LEASE_MOST_MS = 1000
};

static int64_t count_processors(const struct setting *setting) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < setting->least  ? setting->least
           : processors > setting->most ? setting->most
                                        : processors;
}

static bool fill_number(struct config *config, const struct setting *setting, const char *text,
                        char *error, size_t size) {
    uint64_t number;
    if (!text) {
        setting_set_number(config, setting, count_processors(setting));
        return true;
    }
    if (!number_parse(text, strlen(text), (uint64_t)setting->least, (uint64_t)setting->most,
                      &number)) {
        return error_text(error, size,
                          "%s must be a whole number from %" PRId64 " to %" PRId64 "%s%s, not '%s'",
                          setting->variable, setting->least, setting->most,
                          *setting->unit ? " " : "", setting->unit, text);
    }
    setting_set_number(config, setting, (int64_t)number);
    return true;
}

static bool fill_text(struct config *config, const struct setting *setting, const char *given,
                      char *error, size_t size) {
    char *text = strdup(given);
    setting_set_text(config, setting, text);
    if (!text) {
        return error_text(error, size, "out of memory");
    }
    if (setting->type == SETTING_SECRET || text == config->loaderio_token) {
        shown_value(text);
    }
    return !strchr(text, '\n') ||
           error_text(error, size, "%s holds a line break", setting->variable);
}

static bool fill(struct config *config, const struct given *given, char *error, size_t size) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &setting_table[i];
        const char *text = given->text[i] ? given->text[i] : setting->fallback;
        config->origin[i] = given->text[i] ? given->origin[i] : ORIGIN_DEFAULT;
        bool ok = setting_is_number(setting) ? fill_number(config, setting, text, error, size)
                                             : fill_text(config, setting, text, error, size);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* deploy/configure-nginx.sh takes the same words. */
static bool read_truth(const char *text, bool *value) {
    static const char *const words[][2] = {
        {"false", "true"}, {"0", "1"}, {"no", "yes"}, {"off", "on"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *value = strcasecmp(text, words[i][1]) == 0;
        if (*value || strcasecmp(text, words[i][0]) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_lease(struct config *config, char *error, size_t size) {
    const char *text = config->lease_text;
    uint64_t lease_ms;
    config->lease_ms = -1;
    if (!*text) {
        return true;
    }
    if (!number_parse(text, strlen(text), 0, LEASE_MOST_MS, &lease_ms)) {
        return error_text(error, size,
                          "QA_LEASE_MS must be a whole number from 0 to %d ms, not '%s'",
                          LEASE_MOST_MS, text);
    }
    config->lease_ms = (int64_t)lease_ms;
    return true;
}

static bool read_premoderation(struct config *config, char *error, size_t size) {
    const char *text = config->premoderate_text;
    config->premoderates_all = strcmp(text, "all") == 0;
    return config->premoderates_all || strcmp(text, "off") == 0 ||
           error_text(error, size, "QA_PREMODERATE must be off or all, not '%s'", text);
}

/* What needs more than a range. */
static bool check_texts(struct config *config, char *error, size_t size) {
    if (!log_level_from_name(config->log_level_name, &config->log_level)) {
        return error_text(error, size,
                          "QA_LOG_LEVEL must be debug, info, warning or error, not '%s'",
                          config->log_level_name);
    }
    if (!read_truth(config->server_timing_text, &config->server_timing)) {
        return error_text(error, size, "QA_SERVER_TIMING must be true or false, not '%s'",
                          config->server_timing_text);
    }
    if (!read_lease(config, error, size) || !read_premoderation(config, error, size)) {
        return false;
    }
    shown_loaderio_token(config->loaderio_token);
    if (strspn(config->loaderio_token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_") != strlen(config->loaderio_token)) {
        return error_text(error, size, "QA_LOADERIO_TOKEN may hold letters, digits, - and _ only");
    }
    return true;
}

static bool check_time_limits(const struct config *config, char *error, size_t size) {
    const struct {
        const char *name;
        int64_t ms;
    } limits[] = {
        {"QA_LOCK_TIMEOUT_MS", config->lock_timeout_ms},
        {"QA_STATEMENT_TIMEOUT_MS", config->statement_timeout_ms},
        {"QA_REQUEST_TIMEOUT_MS", config->request_timeout_ms},
        {"QA_DRAIN_TIMEOUT_MS", config->drain_timeout_ms},
    };
    for (size_t i = 1; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i - 1].ms >= limits[i].ms) {
            return error_text(error, size, "%s must be less than %s", limits[i - 1].name,
                              limits[i].name);
        }
    }
    if (config->request_timeout_ms + config->lease_ms >= config->drain_timeout_ms) {
        return error_text(error, size,
                          "QA_REQUEST_TIMEOUT_MS and QA_LEASE_MS together must be less than "
                          "QA_DRAIN_TIMEOUT_MS");
    }
    return true;
}

/* Where a text is empty, makes it of three. */
static bool fill_in(char **text, const char *begin, const char *middle, const char *end) {
    if (**text) {
        return true;
    }
    free(*text);
    if (asprintf(text, "%s%s%s", begin, middle, end) < 0) {
        *text = NULL;
    }
    return *text != NULL;
}

/* The port after NGINX's; 0 where there is none. */
static unsigned port_after_nginx(const struct given *given) {
    const char *text = given_elsewhere(given, "PORT");
    uint64_t port = NGINX_PORT;
    bool ok = !text || !*text || number_parse(text, strlen(text), 1, PORT_MAX - 1, &port);
    return ok ? (unsigned)port + 1 : 0;
}

/* "unix:PATH" of admin.sock, beside the workers' sockets where they have such. As asprintf(). */
static int admin_socket_path(char **path, const struct config *config) {
    static const char unix_prefix[] = "unix:";
    const size_t prefix_length = sizeof unix_prefix - 1;
    if (strncmp(config->listen, unix_prefix, prefix_length) != 0) {
        return asprintf(path, "unix:%s/run/admin.sock", config->state_dir);
    }
    const char *slash = strrchr(config->listen, '/');
    size_t length = slash ? (size_t)(slash + 1 - config->listen) : prefix_length;
    return asprintf(path, "%.*sadmin.sock", (int)length, config->listen);
}

/* Where an administrator looks, unless somebody has said so: beside the workers' sockets, and at a
 * port of this host. */
static bool derive_admin_listen(struct config *config, const struct given *given) {
    config->admin_listen_is_default = !*config->admin_listen;
    if (!config->admin_listen_is_default) {
        return true;
    }
    char port[32] = "";
    unsigned number = port_after_nginx(given);
    if (number > 0) {
        snprintf(port, sizeof port, "127.0.0.1:%u", number);
    }
    char *path = NULL, *text = NULL;
    if (admin_socket_path(&path, config) < 0) {
        return false;
    }
    /* A list has no path with blanks: who has such a folder sets another one. */
    bool has_path = !strpbrk(path, " \t,");
    int length =
        asprintf(&text, "%s%s%s", has_path ? path : "", has_path && *port ? " " : "", port);
    free(path);
    free(config->admin_listen);
    config->admin_listen = length < 0 ? NULL : text;
    return config->admin_listen != NULL;
}

/* NGINX's setting, of which the program tells operators. */
static bool note_certificate(struct config *config, const struct given *given) {
    const char *path = given_elsewhere(given, CONFIG_TLS_CERTIFICATE);
    config->tls_certificate = strdup(path ? path : "");
    return config->tls_certificate != NULL;
}

/* Values that follow from others. */
static bool derive(struct config *config, const struct given *given, char *error, size_t size) {
    return (fill_in(&config->owner_database_url, config->database_url, "", "") &&
            fill_in(&config->moderation_database_url, config->owner_database_url, "", "") &&
            fill_in(&config->listen, "unix:", config->state_dir, "/run/worker") &&
            fill_in(&config->shared_file, config->state_dir, "/run/", SHARED_FILE_NAME) &&
            derive_admin_listen(config, given) && note_certificate(config, given)) ||
           error_text(error, size, "out of memory");
}

enum config_result config_load_given(struct config *config, struct given *given, int argc,
                                     char **argv, char *error, size_t size) {
    bool help = false;
    size_t length = 0;
    memset(config, 0, sizeof *config);
    given->remarks = open_memstream(&config->remarks, &length);
    bool ok = given->remarks || error_text(error, size, "out of memory");
    ok = ok && given_read(given, argc, argv, &help, error, size);
    if (given->remarks && (fclose(given->remarks) != 0 || !config->remarks)) {
        ok = error_text(error, size, "out of memory");
    }
    ok = ok &&
         (help || (fill(config, given, error, size) && check_texts(config, error, size) &&
                   check_time_limits(config, error, size) && derive(config, given, error, size)));
    if (!ok || help) {
        config_free(config);
    }
    return !ok ? CONFIG_WRONG : help ? CONFIG_HELP : CONFIG_OK;
}

enum config_result config_load(struct config *config, int argc, char **argv, char *error,
                               size_t error_size) {
    struct given given = {0};
    enum config_result result = config_load_given(config, &given, argc, argv, error, error_size);
    given_free(&given);
    return result;
}

void config_free(struct config *config) {
    for (const struct setting *setting = setting_table; setting->variable; setting++) {
        if (!setting_is_number(setting)) {
            setting_set_text(config, setting, NULL);
        }
    }
    free(config->tls_certificate);
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

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
#include <unistd.h>

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
        bool ok = setting_is_number(setting) ? fill_number(config, setting, text, error, size)
                                             : fill_text(config, setting, text, error, size);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* What needs more than a range. */
static bool check_texts(struct config *config, char *error, size_t size) {
    if (!log_level_from_name(config->log_level_name, &config->log_level)) {
        return error_text(error, size,
                          "QA_LOG_LEVEL must be debug, info, warning or error, not '%s'",
                          config->log_level_name);
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

/* Values that follow from others. */
static bool derive(struct config *config, char *error, size_t size) {
    return (fill_in(&config->owner_database_url, config->database_url, "", "") &&
            fill_in(&config->listen, "unix:", config->state_dir, "/run/worker") &&
            fill_in(&config->shared_file, config->state_dir, "/run/", SHARED_FILE_NAME)) ||
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
    ok = ok && (help || (fill(config, given, error, size) && check_texts(config, error, size) &&
                         check_time_limits(config, error, size) && derive(config, error, size)));
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

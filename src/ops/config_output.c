/* Configuration as text: for workers, for people, and as lines of a file. */
#include "ops/config_output.h"

#include "ops/config_load.h"

#include "ops/given.h"
#include "ops/setting_names.h"
#include "ops/setting_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True when `entry`, "NAME=VALUE", is a setting, its old name or its NAME_FILE form. */
static bool is_setting(const char *entry) {
    size_t length = strcspn(entry, "=");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char *old = setting_name_old(setting_table[i].variable);
        if (old && strncmp(entry, old, length) == 0 && old[length] == '\0') {
            return true;
        }
        size_t name_length = strlen(setting_table[i].variable);
        if (strncmp(entry, setting_table[i].variable, name_length) == 0 &&
            (length == name_length ||
             (length == name_length + 5 && strncmp(entry + name_length, "_FILE", 5) == 0))) {
            return true;
        }
    }
    return false;
}

static bool is_certificate(const char *entry) {
    static const char begin[] = CONFIG_TLS_CERTIFICATE "=";
    return strncmp(entry, begin, sizeof begin - 1) == 0;
}

/* As environment_entry(). */
static char *certificate_entry(const struct config *config) {
    char *entry = NULL;
    int length = asprintf(&entry, CONFIG_TLS_CERTIFICATE "=%s", config->tls_certificate);
    return length < 0 ? NULL : entry;
}

static char *environment_entry(const struct config *config, const struct setting *setting) {
    char *entry = NULL;
    int length =
        setting_is_number(setting)
            ? asprintf(&entry, "%s=%" PRId64, setting->variable, setting_number(config, setting))
            : asprintf(&entry, "%s=%s", setting->variable, setting_text(config, setting));
    return length < 0 ? NULL : entry;
}

/* Takes `entry` over; false when there is none. */
static bool append(char **environment, size_t *count, char *entry) {
    environment[*count] = entry;
    *count += entry != NULL;
    return entry != NULL;
}

/* "NAME_FILE=PATH"; as environment_entry(). */
static char *file_entry(const struct setting *setting, const char *path) {
    char *entry = NULL;
    int length = asprintf(&entry, "%s_FILE=%s", setting->variable, path);
    return length < 0 ? NULL : entry;
}

static const char *file_of(const struct config_files *files, const struct setting *setting) {
    switch (setting->offset) {
    case offsetof(struct config, database_url):
        return files->database_url;
    case offsetof(struct config, read_database_url):
        return files->read_database_url;
    case offsetof(struct config, moderation_database_url):
        return files->moderation_database_url;
    case offsetof(struct config, moderation_tokens):
        return files->moderation_tokens;
    default:
        return NULL;
    }
}

/* Whether a child that has no file of it must not know it. */
static bool is_kept_back(const struct setting *setting) {
    static const size_t offsets[] = {offsetof(struct config, env_file),
                                     offsetof(struct config, read_database_url),
                                     offsetof(struct config, owner_database_url),
                                     offsetof(struct config, moderation_database_url),
                                     offsetof(struct config, moderation_tokens)};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        if (setting->offset == offsets[i]) {
            return true;
        }
    }
    return false;
}

char **config_environment(const struct config *config, const struct config_files *files) {
    size_t inherited = 0;
    while (environ[inherited]) {
        inherited++;
    }
    char **environment = calloc(inherited + SETTING_COUNT + 2, sizeof *environment);
    size_t count = 0;
    bool ok = environment != NULL;
    for (size_t i = 0; ok && i < inherited; i++) {
        ok = is_setting(environ[i]) || is_certificate(environ[i]) ||
             append(environment, &count, strdup(environ[i]));
    }
    ok = ok && append(environment, &count, certificate_entry(config));
    for (size_t i = 0; ok && i < SETTING_COUNT; i++) {
        const struct setting *setting = &setting_table[i];
        const char *path = file_of(files, setting);
        ok = path ? append(environment, &count, file_entry(setting, path))
                  : is_kept_back(setting) ||
                        append(environment, &count, environment_entry(config, setting));
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
        const struct setting *setting = &setting_table[i];
        printf("  %s", setting->variable);
        if (setting->flag) {
            printf("  --%s", setting->flag);
        }
        if (setting->type == SETTING_SECRET) {
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
    const struct setting *setting = &setting_table[index];
    const char *mark = given->text[index] ? "" : "#";
    if (setting->type == SETTING_SECRET) {
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
    bool ok = config_load_given(&config, &given, 1, argv, error, error_size) == CONFIG_OK;
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

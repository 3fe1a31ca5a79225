/* Configuration as a document. */
#include "ops/config_report.h"

#include "ops/setting_table.h"
#include "ops/version.h"

#include <jansson.h>
#include <stdio.h>

static const char secret_is_set[] = "(set)";

static json_t *new_value(const struct config *config, const struct setting *setting) {
    if (setting_is_number(setting)) {
        return json_integer(setting_number(config, setting));
    }
    const char *text = setting_text(config, setting);
    if (setting->type == SETTING_SECRET) {
        return json_string(*text ? secret_is_set : "");
    }
    json_t *value = json_string(text);
    return value ? value : json_string("(not UTF-8)");
}

static json_t *new_origin(const struct setting *setting, enum setting_origin origin) {
    static const char *const names[] = {
        [ORIGIN_DEFAULT] = "default",
        [ORIGIN_FLAG] = "flag",
        [ORIGIN_ENVIRONMENT] = "environment",
        [ORIGIN_ENV_FILE] = "QA_ENV_FILE",
    };
    char file_variable[64];
    if (origin != ORIGIN_SECRET_FILE) {
        return json_string(names[origin]);
    }
    snprintf(file_variable, sizeof file_variable, "%s_FILE", setting->variable);
    return json_string(file_variable);
}

static json_t *new_setting(const struct config *config, size_t index) {
    const struct setting *setting = &setting_table[index];
    return json_pack("{s:s, s:o, s:s, s:o}", "name", setting->variable, "value",
                     new_value(config, setting), "unit", setting->unit, "from",
                     new_origin(setting, config->origin[index]));
}

char *config_report(const struct config *config) {
    json_t *settings = json_array();
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (json_array_append_new(settings, new_setting(config, i)) != 0) {
            json_decref(settings);
            return NULL;
        }
    }
    json_t *report = json_pack("{s:s, s:s, s:o}", "version", version_number, "revision",
                               version_revision, "settings", settings);
    char *text = json_dumps(report, JSON_INDENT(2));
    json_decref(report);
    return text;
}

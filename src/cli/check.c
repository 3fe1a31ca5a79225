/* What must be right before the service starts. */
#include "cli/check.h"

#include "admin/moderators.h"
#include "cli/exit_status.h"
#include "db/budget.h"
#include "db/inspection.h"
#include "db/pooling.h"
#include "db/server_address.h"
#include "db/session_settings.h"
#include "ops/config_load.h"
#include "ops/error_text.h"
#include "ops/folders.h"
#include "process/listener.h"
#include "process/places.h"

#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether it tells libpq of the database at all. What libpq says of one that does not quotes a part
 * of it, which may be the password. A string of neither form is the name of a database. */
static bool is_understood(const char *database_url) {
    if (!strchr(database_url, '=') && !strstr(database_url, "://")) {
        return true;
    }
    PQconninfoOption *options = PQconninfoParse(database_url, NULL);
    PQconninfoFree(options);
    return options != NULL;
}

bool check_owner_database(const struct config *config, char *error, size_t error_size) {
    const char *setting = config_owner_setting(config);
    if (!is_understood(config->owner_database_url)) {
        return error_text(error, error_size, "%s is not a libpq connection string or URI", setting);
    }
    return pooling_check(config->owner_database_url, setting, error, error_size);
}

bool check_run_folder(const struct config *config, char *error, size_t error_size) {
    size_t length = strlen(config->state_dir);
    if (strncmp(config->shared_file, config->state_dir, length) == 0 &&
        !folders_make_for(config->shared_file, 0755)) {
        return error_text(error, error_size, "QA_STATE_DIR: cannot make a folder for '%s': %s",
                          config->shared_file, strerror(errno));
    }
    return true;
}

static enum budget budget_of(const struct config *config, char *error, size_t error_size) {
    /* A reload needs them twice, for two generations of workers. */
    bool has_validator = config->lease_ms > 0;
    size_t of_workers = (config->read_connections + config->write_connections) * config->workers;
    size_t needed = (of_workers + has_validator) * 2;
    return budget_check(config->database_url, needed, error, error_size);
}

bool check_connections(const struct config *config, char *error, size_t error_size) {
    if (!pooling_check(config->database_url, "DATABASE_URL", error, error_size) ||
        !session_settings_check(config->database_url, "DATABASE_URL", error, error_size)) {
        return false;
    }
    enum budget budget = budget_of(config, error, error_size);
    if (budget == BUDGET_UNKNOWN) {
        const struct logger logger = {.level = config->log_level, .worker = -1};
        log_write(&logger, LOG_LEVEL_WARNING,
                  "the database does not respond; its connection limit could not be checked",
                  "{s:s}", "reason", error);
    }
    return budget != BUDGET_EXCEEDED;
}

/* The moderation page works as nobody else does. */
static bool check_moderators(const struct config *config, char *error, size_t error_size) {
    const char *database_url = config->moderation_database_url;
    bool is_own = strcmp(database_url, config->database_url) != 0 &&
                  strcmp(database_url, config->owner_database_url) != 0;
    return moderators_check(config->moderation_tokens, error, error_size) &&
           (!*config->moderation_tokens ||
            (is_own ? server_address_check(database_url, error, error_size)
                    : error_text(error, error_size,
                                 "QA_MODERATION_TOKENS needs QA_MODERATION_DATABASE_URL, of a role "
                                 "of its own")));
}

/* Without a lease nobody knows what a standby must have. */
static bool check_standbys(const struct config *config, char *error, size_t error_size) {
    if (!*config->read_database_url) {
        return true;
    }
    if (!is_understood(config->read_database_url)) {
        return error_text(error, error_size,
                          "QA_READ_DATABASE_URL is not a libpq connection string or URI");
    }
    return (config->lease_ms > 0 && config->cache_mb > 0) ||
           error_text(error, error_size,
                      "QA_READ_DATABASE_URL needs QA_LEASE_MS and QA_CACHE_MB above 0");
}

bool check_settings(const struct config *config, char *error, size_t error_size) {
    return listener_check(config->listen, config->workers, error, error_size) &&
           (config->admin_listen_is_default ||
            places_check_admin(config->admin_listen, error, error_size)) &&
           server_address_check(config->database_url, error, error_size) &&
           check_standbys(config, error, error_size) && check_moderators(config, error, error_size);
}

/* Whether run-time files can be written. */
static bool check_files(const struct config *config, char *error, size_t error_size) {
    if (!check_run_folder(config, error, error_size)) {
        return false;
    }
    char place[PATH_MAX];
    snprintf(place, sizeof place, "%s", config->shared_file);
    if (access(place, F_OK) != 0) {
        char *slash = strrchr(place, '/');
        snprintf(slash ? slash : place, 2, "%s", slash ? "" : ".");
    }
    if (access(place, R_OK | W_OK) != 0) {
        snprintf(error, error_size, "%.300s: %s; make it writable, or set QA_STATE_DIR", place,
                 strerror(errno));
        return false;
    }
    return true;
}

/* Prints one line; whether all is well. */
static bool say(const char *what, const char *problem) {
    printf("%-11s  %s%s\n", what, *problem ? "no: " : "yes", problem);
    return !*problem;
}

static void look_at_database(const struct config *config, struct inspection *inspection) {
    char error[INSPECTION_TEXT_SIZE];
    inspection_run(config->database_url, config->owner_database_url, inspection);
    if (!*inspection->database && budget_of(config, error, sizeof error) == BUDGET_EXCEEDED) {
        memcpy(inspection->database, error, sizeof error);
    }
}

int check_and_tell(const struct config *config) {
    struct inspection inspection;
    char error[512] = "";
    bool ok = check_settings(config, error, sizeof error);
    ok = say("settings", ok ? "" : error);
    fputs(config->remarks, stdout);
    look_at_database(config, &inspection);
    ok = say("database", inspection.database) && ok;
    ok = say("schema", inspection.schema) && ok;
    if (!*inspection.permissions && check_files(config, error, sizeof error)) {
        *error = '\0';
    }
    ok = say("permissions", *inspection.permissions ? inspection.permissions : error) && ok;
    return ok ? STATUS_OK : STATUS_FAILED;
}

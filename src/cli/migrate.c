/* `atelier-qa migrate`: brings the database's schema up to date. */
#include "cli/migrate.h"

#include "cli/check.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "db/migrations.h"
#include "ops/config_load.h"
#include "process/notify.h"

#include <stdio.h>

int migrate_command(int argc, char **argv) {
    struct config config;
    char error[512];
    int status;
    if (!command_load(&config, argc, argv, &status)) {
        return status;
    }
    config_log_remarks(&config);
    const struct logger logger = {.level = config.log_level, .worker = -1};
    if (!check_owner_database(&config, error, sizeof error)) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        config_free(&config);
        return STATUS_FAILED;
    }
    bool ok = migrations_apply(config.owner_database_url, &logger);
    if (notify_services(config.shared_file, NOTIFY_WITHIN_MS, error, sizeof error) ==
        NOTIFY_FAILED) {
        log_write(&logger, LOG_LEVEL_ERROR, "caches could not be told: old until they expire",
                  "{s:s}", "reason", error);
        ok = false;
    }
    config_free(&config);
    return ok ? STATUS_OK : STATUS_FAILED;
}

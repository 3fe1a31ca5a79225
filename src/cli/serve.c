/* `atelier-qa serve`: settings, a look at the database's limit, then the supervisor. */
#include "cli/serve.h"

#include "cli/exit_status.h"
#include "db/budget.h"
#include "db/pooling.h"
#include "db/server_address.h"
#include "ops/config.h"
#include "ops/folders.h"
#include "process/listener.h"
#include "process/supervisor.h"
#include "process/worker.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(void) {
    puts("Usage: atelier-qa serve [--SETTING=VALUE ...]\n"
         "\n"
         "Serves the Questions and Answers API: one supervisor, N workers, a socket for each.\n"
         "SIGTERM stops after open requests are answered; SIGHUP reads settings and program anew.\n"
         "\n"
         "Settings, as environment variable and as flag; the flag wins:\n");
    config_print_help();
}

static bool is_connection_string(const char *database_url, char *error, size_t error_size) {
    struct server_address *address = server_address_new(NULL, database_url, error, error_size);
    if (address) {
        server_address_free(address);
    }
    return address != NULL;
}

/* The folder of run-time files, where nobody has said to put them elsewhere. */
static bool make_run_folder(const struct config *config, char *error, size_t error_size) {
    size_t length = strlen(config->state_dir);
    if (strncmp(config->shared_file, config->state_dir, length) == 0 &&
        !folders_make_for(config->shared_file)) {
        snprintf(error, error_size, "QA_STATE_DIR: cannot make a folder for '%s': %s",
                 config->shared_file, strerror(errno));
        return false;
    }
    return true;
}

/* What a look at the settings alone cannot tell. */
static bool check_connections(const struct config *config, char *error, size_t error_size) {
    if (!pooling_check(config->database_url, "DATABASE_URL", error, error_size)) {
        return false;
    }
    /* A reload needs them twice, for two generations of workers. */
    long needed =
        2 * (long)(config->workers * (config->read_connections + config->write_connections));
    switch (budget_check(config->database_url, needed, error, error_size)) {
    case BUDGET_EXCEEDED:
        return false;
    case BUDGET_UNKNOWN: {
        const struct logger logger = {.level = config->log_level, .worker = -1};
        log_write(&logger, LOG_LEVEL_WARNING,
                  "the database does not answer; its connection limit could not be checked",
                  "{s:s}", "reason", error);
        break;
    }
    case BUDGET_FITS:
        break;
    }
    return true;
}

static bool check_settings(const struct config *config, char *error, size_t error_size) {
    return listener_check(config->listen, (unsigned)config->workers, error, error_size) &&
           is_connection_string(config->database_url, error, error_size);
}

/* Asked at each reload. */
static bool check_all(const struct config *config, char *error, size_t error_size) {
    config_log_remarks(config);
    return check_settings(config, error, error_size) &&
           check_connections(config, error, error_size);
}

int serve_command(int argc, char **argv) {
    struct config config;
    char error[512];
    switch (config_load(&config, argc, argv, error, sizeof error)) {
    case CONFIG_HELP:
        print_help();
        return STATUS_OK;
    case CONFIG_WRONG:
        fprintf(stderr, "atelier-qa: %s\n", error);
        return STATUS_USAGE;
    case CONFIG_OK:
        break;
    }
    config_log_remarks(&config);
    int status = STATUS_OK;
    if (!check_settings(&config, error, sizeof error)) {
        status = STATUS_USAGE;
    } else if (!check_connections(&config, error, sizeof error) ||
               !make_run_folder(&config, error, sizeof error)) {
        status = STATUS_FAILED;
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        config_free(&config);
        return status;
    }
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length < 0 ? 0 : length] = '\0';
    const struct supervisor_options options = {
        .config = &config, .program = program, .check = check_all, .argc = argc, .argv = argv};
    return supervisor_run(&options);
}

int worker_command(int argc, char **argv) {
    struct config config;
    char error[256];
    if (argc != 4) {
        fprintf(stderr, "atelier-qa: worker is started by serve, not by hand\n");
        return STATUS_USAGE;
    }
    if (config_load(&config, 1, argv, error, sizeof error) != CONFIG_OK) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        return STATUS_USAGE;
    }
    const struct worker_identity identity = {
        .index = atoi(argv[1]), .heartbeat_slot = atoi(argv[2]), .supervisor_pid = atoi(argv[3])};
    int status = worker_run(&config, &identity);
    config_free(&config);
    return status;
}

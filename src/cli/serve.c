/* `atelier-qa serve`: settings, a look at the database's limit, then the supervisor. */
#include "cli/serve.h"

#include "cli/check.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "ops/config_load.h"
#include "ops/number.h"
#include "process/admin.h"
#include "process/supervisor.h"
#include "process/validator.h"
#include "process/worker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Asked at each reload. */
static bool check_reload(const struct config *config, char *error, size_t error_size) {
    config_log_remarks(config);
    return check_settings(config, error, error_size) &&
           check_connections(config, error, error_size);
}

/* Takes a word out of the arguments; whether it was there. */
static bool take_word(int *argc, char **argv, const char *word) {
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], word) != 0) {
            argv[kept++] = argv[i];
        }
    }
    bool found = kept < *argc;
    *argc = kept;
    argv[kept] = NULL;
    return found;
}

int serve_command(int argc, char **argv) {
    struct config config;
    char error[512];
    int status = STATUS_OK;
    bool only_check = take_word(&argc, argv, "--check");
    if (!command_load(&config, argc, argv, &status)) {
        return status;
    }
    if (only_check) {
        int found = check_and_tell(&config);
        config_free(&config);
        return found;
    }
    config_log_remarks(&config);
    if (!check_settings(&config, error, sizeof error)) {
        status = STATUS_USAGE;
    } else if (!check_connections(&config, error, sizeof error) ||
               !check_run_folder(&config, error, sizeof error)) {
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
        .config = &config, .program = program, .check = check_reload, .argc = argc, .argv = argv};
    return supervisor_run(&options);
}

static bool read_argument(const char *text, int *value) {
    uint64_t number;
    bool ok = number_parse(text, strlen(text), 0, INT_MAX, &number);
    *value = ok ? (int)number : 0;
    return ok;
}

/* A child process of the supervisor. */
static int run_child(int argc, char **argv,
                     int (*run)(const struct config *config,
                                const struct child_identity *identity)) {
    struct config config;
    struct child_identity identity;
    int status;
    if (argc != 5 || !read_argument(argv[1], &identity.index) ||
        !read_argument(argv[2], &identity.heartbeat_slot) ||
        !read_argument(argv[3], &identity.supervisor_pid) ||
        !read_argument(argv[4], &identity.follows)) {
        fprintf(stderr, "atelier-qa: %s is started by serve, not by hand\n", argv[0]);
        return STATUS_USAGE;
    }
    if (!command_load(&config, 1, argv, &status)) {
        return status;
    }
    status = run(&config, &identity);
    config_free(&config);
    return status;
}

int serve_worker_command(int argc, char **argv) {
    return run_child(argc, argv, worker_run);
}

int serve_validator_command(int argc, char **argv) {
    return run_child(argc, argv, validator_run);
}

int serve_admin_command(int argc, char **argv) {
    return run_child(argc, argv, admin_run);
}

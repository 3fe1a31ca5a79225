/* `atelier-qa serve`: settings, a look at the database's limit, then the supervisor. */
#include "cli/serve.h"

#include "db/budget.h"
#include "ops/config.h"
#include "process/supervisor.h"
#include "process/worker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_WRONG_SETTING = 2 };

static void print_help(void) {
    puts("Usage: atelier-qa serve [--SETTING=VALUE ...]\n"
         "\n"
         "Serves the Questions and Answers API: one supervisor, N workers, a socket for each.\n"
         "SIGTERM stops after open requests are answered; SIGHUP reads settings and program anew.\n"
         "\n"
         "Settings, as environment variable and as flag; the flag wins:\n");
    config_print_help();
}

/* False when the connections of a reload, two generations of workers, would not fit. */
static bool connections_fit(const struct config *config, const struct logger *logger) {
    char message[512];
    long needed =
        2 * (long)(config->workers * (config->read_connections + config->write_connections));
    switch (budget_check(config->database_url, needed, message, sizeof message)) {
    case BUDGET_EXCEEDED:
        fprintf(stderr, "atelier-qa: %s\n", message);
        return false;
    case BUDGET_UNKNOWN:
        log_write(logger, LOG_LEVEL_WARNING,
                  "the database does not answer; its connection limit could not be checked",
                  "{s:s}", "reason", message);
        break;
    case BUDGET_FITS:
        break;
    }
    return true;
}

int serve_command(int argc, char **argv) {
    struct config config;
    char error[256];
    switch (config_load(&config, argc, argv, error, sizeof error)) {
    case CONFIG_HELP:
        print_help();
        return EXIT_SUCCESS;
    case CONFIG_WRONG:
        fprintf(stderr, "atelier-qa: %s\n", error);
        return EXIT_WRONG_SETTING;
    case CONFIG_OK:
        break;
    }
    const struct logger logger = {.level = config.log_level, .worker = -1};
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0 || !connections_fit(&config, &logger)) {
        config_free(&config);
        return EXIT_FAILURE;
    }
    program[length] = '\0';
    const struct supervisor_options options = {
        .config = &config, .program = program, .argc = argc, .argv = argv};
    return supervisor_run(&options);
}

int worker_command(int argc, char **argv) {
    struct config config;
    char error[256];
    if (argc != 4) {
        fprintf(stderr, "atelier-qa: worker is started by serve, not by hand\n");
        return EXIT_WRONG_SETTING;
    }
    if (config_load(&config, 1, argv, error, sizeof error) != CONFIG_OK) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        return EXIT_WRONG_SETTING;
    }
    const struct worker_identity identity = {
        .index = atoi(argv[1]), .heartbeat_slot = atoi(argv[2]), .supervisor_pid = atoi(argv[3])};
    int status = worker_run(&config, &identity);
    config_free(&config);
    return status;
}

/* atelier-qa: which subcommand. */
#include "cli/exit_status.h"
#include "cli/generate.h"
#include "cli/health.h"
#include "cli/import.h"
#include "cli/migrate.h"
#include "cli/serve.h"
#include "cli/settings.h"
#include "ops/version.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int version_command(int argc, char **argv) {
    (void)argc;
    (void)argv;
    printf("atelier-qa %s%s%s%s\n", version_number, *version_revision ? " (revision " : "",
           version_revision, *version_revision ? ")" : "");
    return STATUS_OK;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* NULL: not for people */
} commands[] = {
    {"serve", serve_command, "serve the API: a supervisor and its workers"},
    {"migrate", migrate_command, "bring the database's schema up to date"},
    {"generate", generate_command, "write a data set of any size as CSV files"},
    {"import", import_command, "load the CSV files of a data set"},
    {"health", health_command, "ask the workers whether they live"},
    {"settings", settings_command, "print what is set"},
    {"version", version_command, "print the version"},
    {"worker", serve_worker_command, NULL},
    {"admin", serve_admin_command, NULL},
};

static int usage(FILE *stream) {
    fputs("Usage: atelier-qa COMMAND [--help | ...]\n\n", stream);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (commands[i].help) {
            fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].help);
        }
    }
    return stream == stdout ? STATUS_OK : STATUS_USAGE;
}

static bool is_one_of(const char *word, const char *one, const char *two, const char *three) {
    return strcmp(word, one) == 0 || strcmp(word, two) == 0 || strcmp(word, three) == 0;
}

static int run_command(int argc, char **argv) {
    if (argc < 2) {
        return usage(stderr);
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (is_one_of(argv[1], "help", "--help", "-h")) {
        return usage(stdout);
    }
    if (is_one_of(argv[1], "version", "--version", "-V")) {
        return version_command(argc, argv);
    }
    fprintf(stderr, "atelier-qa: there is no command '%s'\n", argv[1]);
    return usage(stderr);
}

int main(int argc, char **argv) {
    int status = run_command(argc, argv);
    /* What a full disk has taken was not printed. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == STATUS_OK) {
        perror("atelier-qa: cannot write to standard output");
        return STATUS_FAILED;
    }
    return status;
}

/* atelier-qa: which subcommand. */
#include "cli/exit_status.h"
#include "cli/generate.h"
#include "cli/health.h"
#include "cli/help.h"
#include "cli/import.h"
#include "cli/migrate.h"
#include "cli/moderate.h"
#include "cli/pause.h"
#include "cli/person.h"
#include "cli/serve.h"
#include "cli/settings.h"
#include "ops/version.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static int print_version(void) {
    printf("atelier-qa %s%s%s%s\n", version_number, *version_revision ? " (revision " : "",
           version_revision, *version_revision ? ")" : "");
    return STATUS_OK;
}

static int version_command(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return print_version();
}

/* What src/cli/help/ has no text for is not for people. */
static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", serve_command},       {"migrate", migrate_command},
    {"generate", generate_command}, {"import", import_command},
    {"health", health_command},     {"pause", pause_command},
    {"resume", resume_command},     {"settings", settings_command},
    {"moderate", moderate_command}, {"person", person_command},
    {"version", version_command},   {"worker", serve_worker_command},
    {"admin", serve_admin_command}, {"validator", serve_validator_command},
};

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int print_help(const char *name) {
    if (help_print(name)) {
        return STATUS_OK;
    }
    fprintf(stderr, "atelier-qa: there is no manual of '%s'; see atelier-qa --help\n", name);
    return STATUS_USAGE;
}

static int run_command(int argc, char **argv) {
    if (argc < 2) {
        fputs("atelier-qa: a command is missing; see atelier-qa --help\n", stderr);
        return STATUS_USAGE;
    }
    if (help_is_asked(argv[1]) || strcmp(argv[1], "help") == 0) {
        return print_help(argc > 2 ? argv[2] : "atelier-qa");
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        return print_version();
    }
    const struct command *command = find_command(argv[1]);
    if (!command) {
        fprintf(stderr, "atelier-qa: there is no command '%s'; see atelier-qa --help\n", argv[1]);
        return STATUS_USAGE;
    }
    if (argc > 2 && help_is_asked(argv[2])) {
        return print_help(argv[1]);
    }
    return command->run(argc - 1, argv + 1);
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

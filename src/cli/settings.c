/* `atelier-qa settings`: what is set; deploy/stack/ learns from it what QA_ENV_FILE says. */
#include "cli/settings.h"

#include "cli/exit_status.h"
#include "ops/config_output.h"

#include <stdio.h>
#include <string.h>

int settings_command(int argc, char **argv) {
    char error[512];
    bool elsewhere = argc == 2 && strcmp(argv[1], "--elsewhere") == 0;
    if (argc > 1 && !elsewhere) {
        puts(
            "Usage: atelier-qa settings [--elsewhere]\n"
            "\n"
            "Prints each setting of the program, as the environment and QA_ENV_FILE give it; with\n"
            "a # those that have their default. --elsewhere: what QA_ENV_FILE says to deploy/.");
        bool asked = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
        return asked ? STATUS_OK : STATUS_USAGE;
    }
    if (!config_print(elsewhere, error, sizeof error)) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

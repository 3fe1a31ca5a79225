/* `atelier-qa settings`: what is set; deploy/ learns from it what QA_ENV_FILE says. */
#include "cli/settings.h"

#include "cli/exit_status.h"
#include "ops/config_output.h"

#include <stdio.h>
#include <string.h>

int settings_command(int argc, char **argv) {
    char error[512];
    bool elsewhere = argc == 2 && strcmp(argv[1], "--elsewhere") == 0;
    if (argc > 1 && !elsewhere) {
        fputs("settings: --elsewhere is the only argument, see settings --help\n", stderr);
        return STATUS_USAGE;
    }
    if (!config_print(elsewhere, error, sizeof error)) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

/* The settings of a command. */
#include "cli/command.h"

#include "cli/exit_status.h"
#include "ops/config_load.h"

#include <stdio.h>

bool command_load(struct config *config, int argc, char **argv, void (*print_help)(void),
                  int *status) {
    char error[512];
    switch (config_load(config, argc, argv, error, sizeof error)) {
    case CONFIG_OK:
        return true;
    case CONFIG_HELP:
        print_help();
        *status = STATUS_OK;
        return false;
    case CONFIG_WRONG:
        break;
    }
    fprintf(stderr, "atelier-qa: %s\n", error);
    *status = STATUS_USAGE;
    return false;
}

/* The settings of a command. */
#include "cli/command.h"

#include "cli/exit_status.h"
#include "cli/help.h"
#include "ops/config_load.h"

#include <stdio.h>

bool command_load(struct config *config, int argc, char **argv, int *status) {
    char error[512];
    switch (config_load(config, argc, argv, error, sizeof error)) {
    case CONFIG_OK:
        return true;
    case CONFIG_HELP:
        (void)help_print(argv[0]);
        *status = STATUS_OK;
        return false;
    case CONFIG_WRONG:
        break;
    }
    fprintf(stderr, "atelier-qa: %s\n", error);
    *status = STATUS_USAGE;
    return false;
}

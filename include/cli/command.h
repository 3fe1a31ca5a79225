/* What the commands that read the service's settings have in common. */
#pragma once

#include "ops/config.h"

#include <stdbool.h>

/*
 * Reads the settings; `argv[1..argc-1]` are flags. True: config_free() is due. False: the command
 * ends with *status, as help was wanted, which `print_help` has printed, or as a setting is wrong,
 * which is told. `print_help` may be NULL where there are no flags.
 */
__attribute__((warn_unused_result)) bool command_load(struct config *config, int argc, char **argv,
                                                      void (*print_help)(void), int *status);

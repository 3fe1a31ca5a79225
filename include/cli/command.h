/* What the commands that read the service's settings have in common. */
#pragma once

#include "ops/config.h"

#include <stdbool.h>

/*
 * Reads the settings; `argv[1..argc-1]` are flags. True: config_free() is due. False: the command
 * ends with *status, as help was wanted, which has been printed for the command argv[0], or as a
 * setting is wrong, which is told.
 */
__attribute__((warn_unused_result)) bool command_load(struct config *config, int argc, char **argv,
                                                      int *status);

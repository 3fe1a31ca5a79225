/* `atelier-qa health`: whether the workers respond. */
#pragma once

/* argv[0] is the command's name. Returns the process's exit status: 0 when all that were asked
 * respond, 1, or 2 for wrong usage. Prints one line. */
int health_command(int argc, char **argv);

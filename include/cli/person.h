/* `atelier-qa person`: what the database holds of a person, and its erasure. */
#pragma once

/* argv[0] is the command's name. Returns the process's exit status: 0; 1 where it failed, 2 for
 * wrong usage, 4 where it was done, and a service could not be told. */
int person_command(int argc, char **argv);

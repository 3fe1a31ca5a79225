/* `atelier-qa pause` and `atelier-qa resume`: keep clients waiting while the database is restarted.
 */
#pragma once

/* Both: argv[0] is the command's name. Return the process's exit status: 0; 1 where the pause could
 * not be reached, which is undone, or is not on; 2 for wrong usage. */
int pause_command(int argc, char **argv);
int resume_command(int argc, char **argv);

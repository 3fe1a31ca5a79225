/* `atelier-qa migrate`: brings the database's schema up to date. */
#pragma once

/* argv[0] is the command's name. Returns the process's exit status: 0, 1, or 2 for wrong usage. */
int migrate_command(int argc, char **argv);

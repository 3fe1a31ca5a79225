/* `atelier-qa serve`, and `atelier-qa worker`, which it starts for each worker. */
#pragma once

/* Both: argv[0] is the command's name. Return the process's exit status: 0, 1, or 2 for a wrong
 * setting. */
int serve_command(int argc, char **argv);
int serve_worker_command(int argc, char **argv);

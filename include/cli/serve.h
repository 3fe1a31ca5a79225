/* `atelier-qa serve`, and what it starts: `atelier-qa worker` for each worker, `atelier-qa admin`
 * and, with several hosts, `atelier-qa validator`. */
#pragma once

/* All: argv[0] is the command's name. Return the process's exit status: 0, 1, or 2 for a wrong
 * setting. */
int serve_command(int argc, char **argv);
int serve_worker_command(int argc, char **argv);
int serve_admin_command(int argc, char **argv);
int serve_validator_command(int argc, char **argv);

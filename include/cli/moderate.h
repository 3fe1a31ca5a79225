/* `atelier-qa moderate`: what was reported, and what moderators decide about it. */
#pragma once

/* argv[0] is the command's name. Returns the process's exit status: 0; 1 where something could not
 * be done, 2 for wrong usage, 4 where it was, and a service could not be told. */
int moderate_command(int argc, char **argv);

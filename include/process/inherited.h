/*
 * Listening sockets that a service manager has opened and passes on (sd_listen_fds(3)). They
 * outlive the supervisor: while another one starts, clients wait in their backlog.
 *
 * A socket belongs to the place whose address it has. The names of LISTEN_FDNAMES say no more.
 */
#pragma once

#include "process/places.h"

#include <stdbool.h>
#include <stddef.h>

/* Gives the places the sockets of LISTEN_FDS, if they are this process's, and removes the variables
 * from the environment. Their descriptors move to numbers from `lowest` on. False with one line in
 * `error` where one is not a worker's of `listen` (process/listener.h). */
__attribute__((warn_unused_result)) bool inherited_take(struct places *places, const char *listen,
                                                        int lowest, char *error, size_t error_size);

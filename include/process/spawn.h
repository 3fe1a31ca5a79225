/* How the supervisor starts a worker: the program as `worker`, with the descriptors that
 * process/worker.h lists, and its settings in the environment. */
#pragma once

#include "process/worker.h"

#include <sys/types.h>

struct spawn {
    const char *program; /* path */
    const struct config *config;
    struct worker_identity identity;
    /* What it inherits, beside the connection string; -1: none. */
    int socket;
    int ready_pipe;
    int heartbeats;
    int memory;
    int presence;
};

/* The process's id, or -1 with errno set. */
pid_t spawn_worker(const struct spawn *spawn);

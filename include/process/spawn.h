/* How the supervisor starts a child process: the program as `worker`, `validator` or `admin`, with
 * the descriptors that process/worker.h and process/admin.h list, and its settings in the
 * environment. */
#pragma once

#include "process/admin.h"
#include "process/worker.h"

#include <sys/types.h>

enum child_role { CHILD_WORKER, CHILD_ADMIN, CHILD_VALIDATOR };

struct spawn {
    const char *program; /* path */
    enum child_role role;
    const struct config *config;
    struct child_identity identity;
    /* What it inherits, beside connection strings and tokens; -1: none. */
    int socket;
    int ready_pipe;
    int heartbeats;
    int metrics;
    int pause;
    int memory;
    int presence;
    /* Of the admin process alone. */
    int overview;
    int report;
    const int *sockets;
    unsigned socket_count;
};

/* The process's id, or -1 with errno set. */
pid_t spawn_child(const struct spawn *spawn);

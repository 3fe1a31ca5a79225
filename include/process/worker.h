/*
 * A worker process: one thread, one event loop, which serves the routes from one pool of database
 * connections. Started by the supervisor, never by hand.
 */
#pragma once

#include "ops/config.h"
#include "process/lifeline.h"

/* Descriptors that a worker inherits. */
enum {
    WORKER_FDS_BEGIN = 3,
    WORKER_SOCKET_FD = WORKER_FDS_BEGIN, /* listening */
    WORKER_READY_FD,        /* pipe: process/edition.h is written when the worker can serve */
    WORKER_HEARTBEAT_FD,    /* process/heartbeat.h */
    WORKER_METRICS_FD,      /* ops/metrics_memory.h */
    WORKER_MEMORY_FD,       /* pages/shared_memory.h */
    WORKER_PRESENCE_FD,     /* LOCK_FILE_PRESENCE (process/lock_file.h), which this process keeps */
    WORKER_DATABASE_URL_FD, /* the connection string, which other processes must not read in the
                             * environment; not there where it is empty */
    WORKER_PAUSE_FD,        /* ops/pause.h */
    WORKER_READ_DATABASE_URL_FD, /* likewise, that of standbys */
    WORKER_FDS_END
};

/* Why a process cannot start whose supervisor is older or newer. */
extern const char worker_other_supervisor[];

/* Runs until SIGTERM and the drain that follows. Returns the process's exit status. */
int worker_run(const struct config *config, const struct child_identity *identity);

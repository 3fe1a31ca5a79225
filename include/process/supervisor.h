/*
 * The supervisor: opens one listening socket for each worker, and those of the admin process,
 * starts both, and keeps them running.
 *
 *   - A process that dies, or whose heartbeat stops, is replaced; one that keeps dying, with
 *     back-off.
 *   - SIGTERM, SIGINT: the workers drain; who has not finished in time is killed; then the admin
 *     process ends, and the supervisor.
 *   - SIGHUP: settings and program are read anew. A second generation of workers is started beside
 *     the first, on the same sockets; when all of it is ready, the first drains, and the admin
 *     process is replaced. If it does not get ready, it is stopped, and the first goes on.
 *   - SIGUSR1: the log's file is made anew if somebody has moved it (ops/log_file.h).
 */
#pragma once

#include "ops/config.h"

struct supervisor_options {
    struct config *config; /* taken over */
    const char *program;   /* path to run for each worker, read anew each time */
    /* Whether settings can be used, with one line in `error` if not; asked at each reload. */
    bool (*check)(const struct config *config, char *error, size_t error_size);
    int argc; /* the command's own arguments, read anew on SIGHUP */
    char **argv;
};

/* Runs until told to stop. Returns the process's exit status. */
int supervisor_run(const struct supervisor_options *options);

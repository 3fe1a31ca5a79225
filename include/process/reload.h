/*
 * A reload: settings and program are read anew, and a second generation of workers is started
 * beside the first, on the same sockets. When all of it is ready, the first drains, and the admin
 * process is replaced; if it does not get ready, it is stopped, and the first goes on. The caller
 * knows which of these is next (process/lifecycle.h).
 */
#pragma once

#include "process/service.h"

/* Where settings come from. */
struct reload_source {
    int argc; /* the command's own arguments, read anew each time */
    char **argv;
    /* Whether settings can be used, with one line in `error` if not. */
    bool (*check)(const struct config *config, char *error, size_t error_size);
};

/* Starts the next generation. False with one line in `error` when it cannot be started: then
 * reload_abandon() is to be called, as when it does not get ready. */
__attribute__((warn_unused_result)) bool reload_start(struct service *service,
                                                      const struct reload_source *source,
                                                      char *error, size_t error_size);

/* Whether all workers of the next generation can serve. */
bool reload_is_ready(const struct service *service);

void reload_complete(struct service *service);
void reload_abandon(struct service *service, const char *reason);

/*
 * The places for child processes: each has its listening sockets, which outlive the processes that
 * use them, and a back-off for processes that keep dying there. Worker N has place N; after them
 * come those of the admin process and of the validator, which has no sockets.
 */
#pragma once

#include "ops/backoff.h"
#include "ops/log.h"
#include "ops/timer.h"
#include "process/admin.h"

#include <stddef.h>

enum {
    PLACES_MAX = 256, /* as QA_WORKERS */
    PLACE_OF_ADMIN = PLACES_MAX,
    PLACE_OF_VALIDATOR,
    PLACE_COUNT
};

/* A process is to be started at place `index`. */
typedef void places_on_restart(void *owner, unsigned index);

struct place {
    struct places *places;
    int sockets[ADMIN_SOCKETS_MAX]; /* a worker has one */
    unsigned socket_count;
    bool is_open;
    int inherited; /* a socket that a service manager opened, kept to the end; -1: none */
    struct backoff backoff;
    struct timer restart;
};

struct places {
    places_on_restart *on_restart;
    void *owner;
    struct place all[PLACE_COUNT];
};

void places_init(struct places *places, struct event_base *base, places_on_restart *on_restart,
                 void *owner);

/* Opens the sockets of workers [0, count) that are closed (process/listener.h). False with one line
 * in `error`; those that it opened stay open. */
__attribute__((warn_unused_result)) bool places_open(struct places *places, const char *listen,
                                                     unsigned count, char *error,
                                                     size_t error_size);

/* Whether `listen` is a QA_ADMIN_LISTEN: "off", or a list of addresses (process/listener.h), not
 * too many. False with one line in `error`. */
__attribute__((warn_unused_result)) bool places_check_admin(const char *listen, char *error,
                                                            size_t error_size);

/* Opens the place of the admin process. One of `listen` that cannot be opened within a second is a
 * warning in the log where it `is_default`, which others may have taken; else false with one line
 * in `error`. */
__attribute__((warn_unused_result)) bool places_open_admin(struct places *places,
                                                           const char *listen, bool is_default,
                                                           const struct logger *logger, char *error,
                                                           size_t error_size);

/* Opens the place of the validator, or closes it. */
void places_open_validator(struct places *places, bool is_open);

/* Closes the sockets of workers from `first` on, where nothing is started any more. */
void places_close(struct places *places, unsigned first);

/* Takes over a socket, to be used whenever the place is opened. False, and it is closed, where the
 * place has one already. */
__attribute__((warn_unused_result)) bool place_inherit(struct places *places, unsigned index,
                                                       int descriptor);

/* How many of the places [0, count) have none, where others do; else 0. */
unsigned places_count_own(const struct places *places, unsigned count);

bool place_is_open(const struct places *places, unsigned index);

/* Calls on_restart after the back-off, unless the place is closed before; or never mind: a process
 * has been started there, or in all places. */
void place_restart_later(struct places *places, unsigned index);
void place_forget_restart(struct places *places, unsigned index);
void places_forget_restarts(struct places *places);

/* A process has lived there for long: the next wait is the shortest again. */
void place_reset(struct places *places, unsigned index);

/* Stops the timers and closes all. */
void places_free(struct places *places);

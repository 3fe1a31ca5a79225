/*
 * The places for workers: each has a listening socket, which outlives its workers, and a back-off
 * for workers that keep dying there.
 */
#pragma once

#include "ops/backoff.h"
#include "ops/timer.h"

#include <stddef.h>

enum { PLACES_MAX = 256 }; /* as QA_WORKERS */

/* A worker is to be started at place `index`. */
typedef void places_on_restart(void *owner, unsigned index);

struct place {
    struct places *places;
    int socket; /* -1: not open */
    struct backoff backoff;
    struct timer restart;
};

struct places {
    places_on_restart *on_restart;
    void *owner;
    struct place all[PLACES_MAX];
};

void places_init(struct places *places, struct event_base *base, places_on_restart *on_restart,
                 void *owner);

/* Opens the sockets of places [0, count) that are closed (process/listener.h). False with one line
 * in `error`; those that it opened stay open. */
__attribute__((warn_unused_result)) bool places_open(struct places *places, const char *listen,
                                                     unsigned count, char *error,
                                                     size_t error_size);

/* Closes the sockets of places from `first` on. */
void places_close(struct places *places, unsigned first);

bool place_is_open(const struct places *places, unsigned index);

/* Calls on_restart after the back-off, where the place is still open then. */
void place_restart_later(struct places *places, unsigned index);

/* A worker has lived there for long: the next wait is the shortest again. */
void place_reset(struct places *places, unsigned index);

/* Stops the timers and closes all. */
void places_free(struct places *places);

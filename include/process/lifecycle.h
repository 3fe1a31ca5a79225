/*
 * The supervisor's states, and what each event means in each. Nothing is done here: the caller does
 * what lifecycle_step() returns.
 *
 *                 reload
 *     SERVING ──────────────► RELOADING ──────────────────► SERVING
 *                              │    ▲      ready or failed
 *                       reload │    │ tick or reload
 *                              ▼    │
 *                RELOADING_AGAIN ──► RELOAD_DUE
 *                       ready or failed
 *
 * From each of them a stop leads to STOPPING, which is left by none. While no reload may begin, one
 * that is asked for leads from SERVING to RELOAD_DUE.
 */
#pragma once

#include <stdbool.h>

enum lifecycle_state {
    LIFECYCLE_SERVING,         /* one generation of workers */
    LIFECYCLE_RELOADING,       /* the next generation is starting beside it */
    LIFECYCLE_RELOADING_AGAIN, /* likewise, and settings have changed once more since */
    LIFECYCLE_RELOAD_DUE,      /* one generation; the next is started at the next tick */
    LIFECYCLE_STOPPING
};

enum lifecycle_event {
    LIFECYCLE_RELOAD,       /* somebody asks to reload */
    LIFECYCLE_RELOAD_LATER, /* likewise, while none may begin: it is due at the next tick */
    LIFECYCLE_STOP,         /* somebody asks to stop */
    LIFECYCLE_TICK,
    LIFECYCLE_READY, /* all workers of the next generation can serve */
    LIFECYCLE_FAILED /* the next generation cannot, or took too long */
};

enum lifecycle_action {
    LIFECYCLE_NOTHING,
    LIFECYCLE_START_NEXT, /* generation */
    LIFECYCLE_COMPLETE,   /* the next generation becomes the current one; the old one drains */
    LIFECYCLE_ABANDON,    /* the next generation drains */
    LIFECYCLE_DRAIN_ALL
};

/* The next state, and what is to be done. */
enum lifecycle_action lifecycle_step(enum lifecycle_state *state, enum lifecycle_event event);

bool lifecycle_is_reloading(enum lifecycle_state state);

enum lifecycle_loss {
    LIFECYCLE_EXPECTED, /* nothing is to be done */
    LIFECYCLE_REPLACE,  /* another worker takes its place */
    LIFECYCLE_BREAKS    /* the reload fails */
};

/* What the end of a worker means: one of the current generation or of another, which had been told
 * to drain or not. */
enum lifecycle_loss lifecycle_on_exit(enum lifecycle_state state, bool is_current,
                                      bool was_draining);

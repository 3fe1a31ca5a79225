/*
 * A pause: for a short time the service has no session with the database, so that the database can
 * be restarted or switched over. What needs it waits.
 *
 * The state is in memory that the supervisor shares with its processes. Whoever is asked begins and
 * ends a pause. Each worker looks now and then, and tells in its slot how far it is. A pause is
 * reached when no worker has a session. It ends by itself after its limit, so that one that was
 * forgotten harms nobody; and no pause outlives the supervisor that made the memory.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAUSE_SLOTS = 1024 }; /* one for each heartbeat (process/heartbeat.h) */

struct pause_slot {
    _Atomic uint64_t state; /* 0: there is no worker; see src/ops/pause.c */
    _Atomic uint64_t sessions;
    _Atomic uint64_t calls;
    _Atomic uint64_t held_over;
};

/* Times are those of clock_ms(). */
struct pause {
    _Atomic uint64_t number; /* of the last pause: odd from its begin until somebody ends it */
    _Atomic int64_t since_ms;
    _Atomic int64_t until_ms; /* when it ends by itself */
    _Atomic int64_t ended_ms; /* when somebody ended it */
    _Atomic uint64_t begun;   /* so far */
    _Atomic uint64_t resumed; /* of them, those that somebody ended */
    struct pause_slot slots[PAUSE_SLOTS];
};

/* Makes the shared memory; its descriptor is closed on exec. NULL with errno set. */
struct pause *pause_create(int *descriptor);

/* Maps what pause_create() made in another process. NULL when that cannot be, or the descriptor is
 * of something else, as another version of the supervisor may hand it down. */
struct pause *pause_map(int descriptor);

/* The number of the pause that is on; 0: none. */
uint64_t pause_number(const struct pause *pause, int64_t now_ms);

enum pause_begin {
    PAUSE_BEGUN,
    PAUSE_IS_ON,    /* it goes on, and ends when it would have ended */
    PAUSE_TOO_SOON, /* calls that have waited in the last one are not completed: none waits twice */
};

/* Begins a pause of `limit_ms` at most. */
enum pause_begin pause_begin(struct pause *pause, int64_t now_ms, int64_t limit_ms);

/* Ends it; false when none is on. */
bool pause_end(struct pause *pause, int64_t now_ms);

struct pause_progress {
    bool is_on;
    bool is_reached;    /* no worker has a session */
    int64_t since_ms;   /* of the last pause; 0: there was none */
    int64_t until_ms;   /* likewise */
    int64_t ended_ms;   /* likewise, when it is not on any more */
    unsigned workers;   /* that run */
    unsigned quiet;     /* of them, those without a session */
    uint64_t sessions;  /* that are open */
    uint64_t calls;     /* that wait; when the pause is over, those that waited last */
    uint64_t resumed;   /* pauses so far that somebody has ended */
    uint64_t timed_out; /* ... that ended by themselves */
};

struct pause_progress pause_look(const struct pause *pause, int64_t now_ms);

/* How far a worker is. */
struct pause_report {
    uint64_t number; /* of the pause that it is in; 0: none */
    uint64_t sessions;
    uint64_t calls;     /* that are not completed */
    uint64_t held_over; /* of them, those that arrived before the last pause was over */
};

/* A new worker tells this before it looks for the first time: so a pause that it does not see yet
 * waits for it. */
void pause_tell(struct pause *pause, size_t slot, const struct pause_report *report);

/* Whether the worker of a slot has told last that it has no session in a pause. Then nothing that
 * it has sent is under way, and it knows what has become of all of it. */
bool pause_is_quiet(const struct pause *pause, size_t slot);

/* The worker of a slot has ended. */
void pause_forget(struct pause *pause, size_t slot);

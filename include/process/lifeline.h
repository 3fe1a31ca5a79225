/*
 * What ties a child process to its supervisor: it ends when it gets SIGTERM or the supervisor has
 * gone, and its heartbeat (process/heartbeat.h) shows that its event loop turns.
 */
#pragma once

#include "ops/log.h"
#include "ops/timer.h"
#include "ops/watch.h"
#include "process/heartbeat.h"

struct child_identity {
    int index;          /* which of the N workers; 0 of others */
    int heartbeat_slot; /* which of the shared slots */
    int supervisor_pid; /* when it is no longer the parent, the process drains */
    int follows;        /* 1: workers of a generation before serve until it is ready; else 0 */
};

struct lifeline {
    struct child_identity identity;
    const struct logger *logger;
    struct heartbeats *heartbeats; /* NULL before lifeline_start() */
    void (*on_end)(void *owner);   /* the process is to end; called once or more often */
    void (*on_beat)(void *owner);  /* unless NULL, called each second */
    void *owner;
    struct watch terminate;
    struct timer heartbeat;
};

/* To be called first in a child process, which has inherited the descriptors from `first` up to
 * `end_of_them`: no process that it starts gets them, the terminal's signals are the supervisor's
 * to handle, and the end of the supervisor's process is a SIGTERM. */
void lifeline_prepare(int first, int end_of_them);

/* `lifeline` has identity, logger, on_end, on_beat and owner, and else zeros. Beats from now on.
 * False with errno set. */
__attribute__((warn_unused_result)) bool lifeline_start(struct lifeline *lifeline,
                                                        struct event_base *base, int heartbeats);

/* Says that the process can serve: a worker's ready pipe gets `edition`, and is closed. */
void lifeline_say_ready(int ready_pipe, uint64_t edition);

/* Whether a worker is ready, for others to see. */
void lifeline_show_ready(const struct lifeline *lifeline, bool is_ready);

void lifeline_stop(struct lifeline *lifeline);

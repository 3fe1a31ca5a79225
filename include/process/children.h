/*
 * The child processes, workers, the validator and the admin process, as the supervisor sees them:
 * it starts them, is told when they are ready, sees their heartbeats, tells them to drain, and
 * reaps them.
 */
#pragma once

#include "ops/log.h"
#include "ops/metrics_memory.h"
#include "ops/pause.h"
#include "ops/watch.h"
#include "process/heartbeat.h"
#include "process/spawn.h"

struct child;

/* A child has become ready. */
typedef void children_on_ready(void *owner, const struct child *child);

enum child_state {
    CHILD_NONE, /* the entry is free */
    CHILD_STARTING,
    CHILD_READY,
    CHILD_DRAINING
};

/* Why the supervisor kills one. */
enum child_fault { CHILD_WELL, CHILD_HANGS, CHILD_DRAINS_LONG };

/* One process; its place in the table is its heartbeat slot. */
struct child {
    struct children *children;
    enum child_state state;
    enum child_role role;
    pid_t pid;
    unsigned index;      /* which of the N workers; 0 of others */
    unsigned generation; /* of settings and program; from 1 */
    bool is_writer;      /* it commits what changes pages: a worker, or what moderators work with */
    int64_t started_ms;
    uint64_t edition;   /* of the pages that a worker makes; once it is ready */
    int64_t kill_at_ms; /* while it drains */
    int ready_pipe;     /* while it starts; else -1 */
    enum child_fault killed_for;
    struct watch readiness;
};

struct children {
    struct event_base *base;
    const struct logger *logger;
    struct heartbeats *heartbeats;
    int heartbeats_descriptor;
    const struct metrics_memory *metrics;
    struct pause *pause;
    int pause_descriptor;
    children_on_ready *on_ready;
    void *owner;
    int told_failure; /* why the last one could not be started; 0: it could */
    struct child all[HEARTBEAT_SLOTS];
};

/* A process that has ended. */
struct child_exit {
    enum child_role role;
    pid_t pid;
    unsigned index;
    unsigned generation;
    bool was_writer;
    int64_t lived_ms;
    bool was_draining;
    enum child_fault killed_for;
    bool was_quiet; /* in a pause: it had no session, and had nothing to tell of what it had sent */
    int status;     /* of waitpid() */
};

/* `children` is all zeros; on_ready is called each time that a child becomes ready. False with
 * errno set. */
__attribute__((warn_unused_result)) bool
children_init(struct children *children, struct event_base *base, const struct logger *logger,
              const struct metrics_memory *metrics, children_on_ready *on_ready, void *owner);

/* Starts a child as `spawn` says, but for heartbeats, metrics, the state of a pause and the pipe,
 * which are added here. What fails is logged. */
__attribute__((warn_unused_result)) bool
children_start(struct children *children, const struct spawn *spawn, unsigned generation);

/* Reaps a child that has ended; false when there is none. As process 1 of a container it also
 * reaps what others left behind. */
bool children_reap(struct children *children, struct child_exit *exit);

/* Whether there is no worker, and no child at all. */
bool children_have_no_worker(const struct children *children);
bool children_are_gone(const struct children *children);

/* How many workers of a generation are ready. */
unsigned children_count_ready(const struct children *children, unsigned generation);

/* How many workers of a generation, of those that do not drain, have shown by a heartbeat of their
 * own that they work. */
unsigned children_count_working(const struct children *children, unsigned generation,
                                int64_t now_ms);

/* Tell those of a generation, of all others, or all workers to drain, unless they drain already; 0
 * is no generation. They are killed some time after drain_timeout_ms. */
void children_drain(struct children *children, unsigned generation, int64_t drain_timeout_ms);
void children_drain_others(struct children *children, unsigned generation,
                           int64_t drain_timeout_ms);
void children_drain_workers(struct children *children, int64_t drain_timeout_ms);

/* Tells workers that the whole service stops: from now on none says that it is ready. */
void children_tell_stopping(const struct children *children);

/* Kills those whose heartbeat has stopped, and those that have not finished draining in time. */
void children_kill_hung(struct children *children, int64_t now_ms);

enum { CHILDREN_HANG_AFTER_MS = 5000 }; /* without a heartbeat */

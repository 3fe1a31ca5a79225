/* What ties a child process to its supervisor. */
#include "process/lifeline.h"

#include "ops/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { HEARTBEAT_MS = 1000 };

static void end(const struct lifeline *lifeline) {
    if (getppid() != lifeline->identity.supervisor_pid) {
        /* Nobody starts others in place of those that end now. */
        atomic_store(&lifeline->heartbeats->is_stopping, true);
    }
    lifeline->on_end(lifeline->owner);
}

static void on_terminate(void *owner) {
    end(owner);
}

static void on_heartbeat(void *owner) {
    struct lifeline *lifeline = owner;
    const struct child_identity *identity = &lifeline->identity;
    timer_start(&lifeline->heartbeat, HEARTBEAT_MS);
    atomic_store(&lifeline->heartbeats->beat_ms[identity->heartbeat_slot], clock_ms());
    log_tell_lost(lifeline->logger);
    if (lifeline->on_beat) {
        lifeline->on_beat(lifeline->owner);
    }
    if (getppid() != identity->supervisor_pid) {
        end(lifeline);
    }
}

void lifeline_prepare(int first, int end_of_them) {
    for (int descriptor = first; descriptor < end_of_them; descriptor++) {
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
    /* Ctrl-C and a lost terminal are the supervisor's to handle; it sends SIGTERM. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* each process sees by itself that the log's file was moved */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

bool lifeline_start(struct lifeline *lifeline, struct event_base *base, int heartbeats) {
    lifeline->heartbeats = heartbeats_map(heartbeats);
    if (!lifeline->heartbeats) {
        return false;
    }
    watch_init_signal(&lifeline->terminate, base, SIGTERM, on_terminate, lifeline);
    timer_init(&lifeline->heartbeat, base, on_heartbeat, lifeline);
    on_heartbeat(lifeline);
    return watch_start(&lifeline->terminate);
}

void lifeline_say_ready(int ready_pipe, uint64_t edition) {
    ssize_t written = write(ready_pipe, &edition, sizeof edition);
    (void)written; /* a supervisor that is gone shows in the heartbeat's timer */
    close(ready_pipe);
}

void lifeline_show_ready(const struct lifeline *lifeline, bool is_ready) {
    atomic_store(&lifeline->heartbeats->is_ready[lifeline->identity.heartbeat_slot], is_ready);
}

void lifeline_stop(struct lifeline *lifeline) {
    /* Told once more, as by a service manager and by the supervisor, a process that ends is not
     * killed. */
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGTERM);
    sigprocmask(SIG_BLOCK, &told, NULL);
    watch_stop(&lifeline->terminate);
    timer_stop(&lifeline->heartbeat);
}

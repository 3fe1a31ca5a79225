/*
 * What the service manager is told of the service, as the supervisor's states and its workers
 * change:
 *
 *   READY=1      when all workers of the first generation are ready, or work but for the database,
 *                which the service does not wait for; and when a reload has ended, either way
 *   RELOADING=1  when a reload begins
 *   STOPPING=1   when a drain of all begins
 *   WATCHDOG=1   as often as is asked, while a worker shows that it works
 *   STATUS=...   how many workers are ready
 */
#pragma once

#include "process/lifecycle.h"
#include "process/manager.h"
#include "process/service.h"

enum announced { ANNOUNCED_NOTHING, ANNOUNCED_READY, ANNOUNCED_RELOADING, ANNOUNCED_STOPPING };

enum { ANNOUNCER_READY_ANYWAY_MS = 2000 }; /* longer than a worker waits for the database */

struct announcer {
    struct manager manager;
    enum announced announced;
    int64_t began_ms; /* when the first workers were started; 0: not yet */
    int64_t alive_ms; /* when WATCHDOG=1 was sent last */
    unsigned ready;   /* as the last STATUS says */
    unsigned workers;
};

void announcer_init(struct announcer *announcer, const struct logger *logger);

/* The first workers are about to be started. */
void announcer_begin(struct announcer *announcer, int64_t now_ms);

/* Tells what has changed. To be called at each change of the state or of the workers, and with each
 * tick. */
void announcer_update(struct announcer *announcer, const struct service *service,
                      enum lifecycle_state state, int64_t now_ms);

void announcer_free(struct announcer *announcer);

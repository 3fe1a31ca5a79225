/* What the service manager is told of the service. */
#include "process/announcer.h"

#include <inttypes.h>
#include <time.h>

/* The manager compares it with its own clock, which is not the coarse one. */
static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void announcer_init(struct announcer *announcer, const struct logger *logger) {
    *announcer = (struct announcer){0};
    manager_init(&announcer->manager, logger);
}

void announcer_begin(struct announcer *announcer, int64_t now_ms) {
    announcer->began_ms = now_ms;
}

static bool is_ready(const struct announcer *announcer, const struct service *service,
                     int64_t now_ms) {
    unsigned generation = service->current.generation;
    unsigned workers = service->current.config.workers;
    if (announcer->began_ms == 0) {
        return false;
    }
    return children_count_ready(&service->children, generation) >= workers ||
           (now_ms - announcer->began_ms >= ANNOUNCER_READY_ANYWAY_MS &&
            children_count_working(&service->children, generation, now_ms) >= workers);
}

static enum announced due(const struct announcer *announcer, const struct service *service,
                          enum lifecycle_state state, int64_t now_ms) {
    if (state == LIFECYCLE_STOPPING) {
        return ANNOUNCED_STOPPING;
    }
    if (announcer->announced == ANNOUNCED_NOTHING) {
        return is_ready(announcer, service, now_ms) ? ANNOUNCED_READY : ANNOUNCED_NOTHING;
    }
    return lifecycle_is_reloading(state) ? ANNOUNCED_RELOADING : ANNOUNCED_READY;
}

static void announce(struct announcer *announcer, enum announced next) {
    struct manager *manager = &announcer->manager;
    announcer->announced = next;
    switch (next) {
    case ANNOUNCED_READY:
        manager_tell(manager, "READY=1\nSTATUS=%u of %u workers are ready", announcer->ready,
                     announcer->workers);
        break;
    case ANNOUNCED_RELOADING:
        manager_tell(manager, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading",
                     monotonic_us());
        break;
    case ANNOUNCED_STOPPING:
        manager_tell(manager, "STOPPING=1\nSTATUS=finishing open requests");
        break;
    case ANNOUNCED_NOTHING:
        break;
    }
}

/* Twice in the time that the manager waits, or with each tick where that is longer. */
static void tell_alive(struct announcer *announcer, const struct service *service, int64_t now_ms) {
    int64_t watchdog_ms = announcer->manager.watchdog_ms;
    if (watchdog_ms > 0 && now_ms - announcer->alive_ms >= watchdog_ms / 2 &&
        children_count_working(&service->children, service->current.generation, now_ms) > 0) {
        announcer->alive_ms = now_ms;
        manager_tell_if_room(&announcer->manager, "WATCHDOG=1");
    }
}

void announcer_update(struct announcer *announcer, const struct service *service,
                      enum lifecycle_state state, int64_t now_ms) {
    if (!manager_asks(&announcer->manager)) {
        return;
    }
    unsigned ready = children_count_ready(&service->children, service->current.generation);
    unsigned workers = service->current.config.workers;
    bool has_changed = ready != announcer->ready || workers != announcer->workers;
    announcer->ready = ready;
    announcer->workers = workers;
    enum announced next = due(announcer, service, state, now_ms);
    if (next != announcer->announced) {
        announce(announcer, next);
    } else if (has_changed && next == ANNOUNCED_READY) {
        manager_tell(&announcer->manager, "STATUS=%u of %u workers are ready", ready, workers);
    }
    tell_alive(announcer, service, now_ms);
}

void announcer_free(struct announcer *announcer) {
    manager_free(&announcer->manager);
}

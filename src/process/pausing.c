/* The part in a pause of a process with sessions. */
#include "process/pausing.h"

#include "ops/clock.h"

/* Between two looks: a tenth of a second costs next to nothing, and in a pause clients wait. */
enum { LOOK_MS = 100, LOOK_IN_PAUSE_MS = 10 };

static void pause_pool(void *owner) {
    pool_pause(owner);
}

static void resume_pool(void *owner) {
    pool_resume(owner);
}

static struct pool_load load_of_pool(const void *owner) {
    return pool_load(owner);
}

const struct pausing_kind pausing_pool = {pause_pool, resume_pool, load_of_pool};

static void tell(const struct pausing *pausing) {
    struct pool_load load = pausing->kind->load(pausing->owner);
    const struct pause_report report = {.number = pausing->number,
                                        .sessions = load.sessions,
                                        .calls = load.calls,
                                        .held_over = load.held_over};
    pause_tell(pausing->pause, pausing->slot, &report);
}

static void on_look(void *owner) {
    struct pausing *pausing = owner;
    uint64_t number = pausing->is_draining ? 0 : pause_number(pausing->pause, clock_ms());
    if (number != 0 && pausing->number == 0) {
        pausing->kind->pause(pausing->owner);
    } else if (number == 0 && pausing->number != 0) {
        pausing->number = 0;
        tell(pausing); /* before: who says that it has no session has none */
        pausing->kind->resume(pausing->owner);
    }
    pausing->number = number;
    tell(pausing);
    timer_start(&pausing->look, number != 0 ? LOOK_IN_PAUSE_MS : LOOK_MS);
}

void pausing_begin(struct pausing *pausing, struct event_base *base, struct pause *pause,
                   size_t slot, const struct pausing_kind *kind, void *owner) {
    *pausing = (struct pausing){.pause = pause, .slot = slot, .kind = kind, .owner = owner};
    timer_init(&pausing->look, base, on_look, pausing);
    tell(pausing);
    on_look(pausing);
}

void pausing_drain(struct pausing *pausing) {
    pausing->is_draining = true;
    if (pausing->pause) {
        on_look(pausing);
    }
}

void pausing_stop(struct pausing *pausing) {
    timer_stop(&pausing->look);
}

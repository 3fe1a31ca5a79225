/* The supervisor's states, and what each event means in each. */
#include "process/lifecycle.h"

static enum lifecycle_action enter(enum lifecycle_state *state, enum lifecycle_state next,
                                   enum lifecycle_action action) {
    *state = next;
    return action;
}

/* Whether the reload that is under way succeeded or not, another one may be due. */
static enum lifecycle_action end_reload(enum lifecycle_state *state, enum lifecycle_action action) {
    return enter(state, *state == LIFECYCLE_RELOADING ? LIFECYCLE_SERVING : LIFECYCLE_RELOAD_DUE,
                 action);
}

enum lifecycle_action lifecycle_step(enum lifecycle_state *state, enum lifecycle_event event) {
    if (*state == LIFECYCLE_STOPPING) {
        return LIFECYCLE_NOTHING;
    }
    bool reloading = lifecycle_is_reloading(*state);
    switch (event) {
    case LIFECYCLE_STOP:
        return enter(state, LIFECYCLE_STOPPING, LIFECYCLE_DRAIN_ALL);
    case LIFECYCLE_RELOAD:
        return reloading ? enter(state, LIFECYCLE_RELOADING_AGAIN, LIFECYCLE_NOTHING)
                         : enter(state, LIFECYCLE_RELOADING, LIFECYCLE_START_NEXT);
    case LIFECYCLE_RELOAD_LATER:
        return enter(state, reloading ? LIFECYCLE_RELOADING_AGAIN : LIFECYCLE_RELOAD_DUE,
                     LIFECYCLE_NOTHING);
    case LIFECYCLE_TICK:
        return *state == LIFECYCLE_RELOAD_DUE
                   ? enter(state, LIFECYCLE_RELOADING, LIFECYCLE_START_NEXT)
                   : LIFECYCLE_NOTHING;
    case LIFECYCLE_READY:
        return reloading ? end_reload(state, LIFECYCLE_COMPLETE) : LIFECYCLE_NOTHING;
    case LIFECYCLE_FAILED:
        return reloading ? end_reload(state, LIFECYCLE_ABANDON) : LIFECYCLE_NOTHING;
    }
    return LIFECYCLE_NOTHING;
}

bool lifecycle_is_reloading(enum lifecycle_state state) {
    return state == LIFECYCLE_RELOADING || state == LIFECYCLE_RELOADING_AGAIN;
}

enum lifecycle_loss lifecycle_on_exit(enum lifecycle_state state, bool is_current,
                                      bool was_draining) {
    if (state == LIFECYCLE_STOPPING) {
        return LIFECYCLE_EXPECTED;
    }
    if (is_current) {
        return LIFECYCLE_REPLACE;
    }
    return was_draining ? LIFECYCLE_EXPECTED : LIFECYCLE_BREAKS;
}

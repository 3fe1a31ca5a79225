/* Signals to stop, held back and polled. */
#include "ops/stop_signals.h"

#include <stddef.h>
#include <time.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

enum { STOP_SIGNALS = sizeof stop_signals / sizeof *stop_signals };

sigset_t stop_signals_hold(void) {
    sigset_t held_back, before;
    sigemptyset(&held_back);
    for (size_t i = 0; i < STOP_SIGNALS; i++) {
        struct sigaction action;
        sigaction(stop_signals[i], NULL, &action);
        if (action.sa_handler != SIG_IGN) {
            sigaddset(&held_back, stop_signals[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &held_back, &before);
    return before;
}

bool stop_signals_pending(void) {
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < STOP_SIGNALS; i++) {
        if (sigismember(&pending, stop_signals[i]) == 1) {
            return true;
        }
    }
    return false;
}

void stop_signals_discard(void) {
    const struct timespec at_once = {0};
    sigset_t pending;
    while (stop_signals_pending()) {
        sigpending(&pending);
        sigtimedwait(&pending, NULL, &at_once);
    }
}

void stop_signals_release(const sigset_t *before) {
    sigprocmask(SIG_SETMASK, before, NULL);
}

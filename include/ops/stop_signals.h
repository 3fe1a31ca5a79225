/*
 * Signals to stop (SIGINT, SIGTERM, SIGHUP), for a command that must leave things in order: held
 * back while it works, and seen by polling. No handler, no global state. Those that are ignored
 * (nohup) stay so.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

/* From here on signals to stop are held back, in threads begun later too. Returns what to give to
 * stop_signals_release(). */
sigset_t stop_signals_hold(void);

/* True when one has come. */
bool stop_signals_pending(void);

/* Forgets those that have come: it is too late to stop. */
void stop_signals_discard(void);

/* A signal that has come takes effect here, which as a rule ends the process. */
void stop_signals_release(const sigset_t *before);

/*
 * Tells on standard error how far a long run has come: a bar when that is a terminal, a plain line
 * every few seconds otherwise, nothing at all for a run of less than a second or so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label; /* what is under way */
    bool terminal;
    bool bar_shown; /* a bar stands on the terminal's current line */
    int64_t started_ms;
    int64_t next_ms; /* when to tell the next time */
};

void progress_start(struct progress *progress, const char *label);

/* To be called often, it is cheap: `rows` were handled, `done` of `total` units (rows, or bytes of
 * the input) are behind us. With a total of 0, which stands for unknown, share and time left are
 * not told. */
void progress_update(struct progress *progress, uint64_t rows, uint64_t done, uint64_t total);

/* The same where nothing can be counted: how long it has taken is told. */
void progress_wait(struct progress *progress);

/* Takes the bar away, so that a message can follow. */
void progress_finish(struct progress *progress);

/*
 * How long the ring (pages/ring.h) keeps pages: the age of the oldest that it still holds. If that
 * is less than pages may live, the ring is too small for what is asked for. Times are of
 * clock_ms().
 */
#pragma once

#include <stdint.h>

enum { RETENTION_MARKS = 64 };

/* When the ring had been written to how far. All zeros: nothing is known. */
struct retention {
    struct {
        uint64_t written_bytes;
        int64_t at_ms;
    } marks[RETENTION_MARKS];
    uint64_t count; /* of all marks ever; mark N is at N modulo RETENTION_MARKS */
};

/* Notes how far the ring is written, to be called now and then, and returns the age: exact to some
 * hundredths, and to the time between two calls. What was written before the first call counts as
 * written then. */
int64_t retention_note(struct retention *retention, uint64_t written_bytes, uint64_t size_bytes,
                       int64_t now_ms);

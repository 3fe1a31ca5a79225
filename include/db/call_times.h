/* When a call (db/call.h) was where, by clock_us(); 0: it was not; and who had it. */
#pragma once

#include <stdint.h>

struct call_times {
    int64_t submitted_us;
    int64_t sent_us; /* for the last time */
    int64_t completed_us;
    uint64_t replayed; /* position in the log that the standby had reached before; 0: the primary */
};

/* Of a completed call: how long it waited until it was sent, for good or never. */
static inline int64_t call_times_queue_us(const struct call_times *times) {
    return (times->sent_us ? times->sent_us : times->completed_us) - times->submitted_us;
}

/* How long the database had it. */
static inline int64_t call_times_db_us(const struct call_times *times) {
    return times->sent_us ? times->completed_us - times->sent_us : 0;
}

/* How long the ring keeps pages. */
#include "pages/retention.h"

#include <stdbool.h>
#include <stddef.h>

/* Marks in one round of the ring: some less than there is room for. */
enum { MARKS_OF_ROUND = RETENTION_MARKS - 4 };

static size_t place_of(uint64_t number) {
    return number % RETENTION_MARKS;
}

/* Whether what is written from a mark on is still held. */
static bool is_held(const struct retention *retention, uint64_t number, uint64_t written_bytes,
                    uint64_t size_bytes) {
    return written_bytes - retention->marks[place_of(number)].written_bytes <= size_bytes;
}

int64_t retention_note(struct retention *retention, uint64_t written_bytes, uint64_t size_bytes,
                       int64_t now_ms) {
    uint64_t last = retention->count - 1;
    if (retention->count == 0 || written_bytes - retention->marks[place_of(last)].written_bytes >
                                     size_bytes / MARKS_OF_ROUND) {
        last = retention->count++;
        retention->marks[place_of(last)].written_bytes = written_bytes;
        retention->marks[place_of(last)].at_ms = now_ms;
    }
    uint64_t oldest = retention->count > RETENTION_MARKS ? retention->count - RETENTION_MARKS : 0;
    while (oldest < last && !is_held(retention, oldest, written_bytes, size_bytes)) {
        oldest++;
    }
    return now_ms - retention->marks[place_of(oldest)].at_ms;
}

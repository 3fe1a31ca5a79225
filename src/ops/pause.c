/* The state of a pause, in shared memory. */
#include "ops/pause.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the state is shared between processes");

/* The state of a slot is the number of the pause in which its worker has no session, or one of
 * these. */
enum {
    NOBODY = 0,
    WORKING = 1, /* sessions may be open */
    FIRST_NUMBER = 3
};

struct pause *pause_map(int descriptor) {
    struct stat found;
    if (fstat(descriptor, &found) != 0 || found.st_size != sizeof(struct pause)) {
        return NULL;
    }
    void *memory =
        mmap(NULL, sizeof(struct pause), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct pause *pause_create(int *descriptor) {
    *descriptor = memfd_create("atelier-qa-pause", MFD_CLOEXEC);
    if (*descriptor < 0 || fallocate(*descriptor, 0, 0, sizeof(struct pause)) != 0) {
        return NULL;
    }
    return pause_map(*descriptor);
}

static bool is_odd(uint64_t number) {
    return (number & 1) != 0;
}

uint64_t pause_number(const struct pause *pause, int64_t now_ms) {
    uint64_t number = atomic_load(&pause->number);
    return is_odd(number) && now_ms < atomic_load(&pause->until_ms) ? number : 0;
}

static bool has_held_over(const struct pause *pause) {
    for (size_t i = 0; i < PAUSE_SLOTS; i++) {
        if (atomic_load(&pause->slots[i].held_over) > 0) {
            return true;
        }
    }
    return false;
}

enum pause_begin pause_begin(struct pause *pause, int64_t now_ms, int64_t limit_ms) {
    uint64_t number = atomic_load(&pause->number);
    if (pause_number(pause, now_ms) != 0) {
        return PAUSE_IS_ON;
    }
    if (has_held_over(pause)) {
        return PAUSE_TOO_SOON;
    }
    /* Before the number: who sees that knows these. */
    atomic_store(&pause->since_ms, now_ms);
    atomic_store(&pause->until_ms, now_ms + limit_ms);
    uint64_t next = number == 0 ? FIRST_NUMBER : (number + 2) | 1;
    if (!atomic_compare_exchange_strong(&pause->number, &number, next)) {
        return PAUSE_IS_ON;
    }
    atomic_fetch_add(&pause->begun, 1);
    return PAUSE_BEGUN;
}

bool pause_end(struct pause *pause, int64_t now_ms) {
    uint64_t number = pause_number(pause, now_ms);
    if (number == 0) {
        return false;
    }
    atomic_store(&pause->ended_ms, now_ms);
    if (!atomic_compare_exchange_strong(&pause->number, &number, number + 1)) {
        return false;
    }
    atomic_fetch_add(&pause->resumed, 1);
    return true;
}

/* When the last pause ended, which is not on any more. */
static int64_t end_of_last(const struct pause *pause) {
    return atomic_load(is_odd(atomic_load(&pause->number)) ? &pause->until_ms : &pause->ended_ms);
}

struct pause_progress pause_look(const struct pause *pause, int64_t now_ms) {
    uint64_t number = pause_number(pause, now_ms);
    struct pause_progress progress = {.is_on = number != 0,
                                      .since_ms = atomic_load(&pause->since_ms),
                                      .until_ms = atomic_load(&pause->until_ms),
                                      .ended_ms = end_of_last(pause),
                                      .resumed = atomic_load(&pause->resumed)};
    uint64_t over = atomic_load(&pause->begun) - progress.is_on;
    progress.timed_out = over > progress.resumed ? over - progress.resumed : 0;
    for (size_t i = 0; i < PAUSE_SLOTS; i++) {
        const struct pause_slot *slot = &pause->slots[i];
        uint64_t state = atomic_load(&slot->state);
        if (state != NOBODY) {
            progress.workers++;
            progress.quiet += number != 0 && state == number;
            progress.sessions += atomic_load(&slot->sessions);
            progress.calls += atomic_load(&slot->calls);
        }
    }
    progress.is_reached = progress.is_on && progress.quiet == progress.workers;
    return progress;
}

void pause_tell(struct pause *pause, size_t slot, const struct pause_report *report) {
    struct pause_slot *own = &pause->slots[slot];
    bool is_quiet = report->number != 0 && report->sessions == 0;
    atomic_store(&own->sessions, report->sessions);
    atomic_store(&own->held_over, report->held_over);
    if (report->number != 0) { /* what waited is still asked for when the pause is over */
        atomic_store(&own->calls, report->calls);
    }
    atomic_store(&own->state, is_quiet ? report->number : WORKING);
}

bool pause_is_quiet(const struct pause *pause, size_t slot) {
    return atomic_load(&pause->slots[slot].state) >= FIRST_NUMBER;
}

void pause_forget(struct pause *pause, size_t slot) {
    atomic_store(&pause->slots[slot].state, NOBODY);
    atomic_store(&pause->slots[slot].sessions, 0);
    atomic_store(&pause->slots[slot].calls, 0);
    atomic_store(&pause->slots[slot].held_over, 0);
}

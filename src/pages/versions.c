/* Versions: counters in shared memory, which make the caches of all processes coherent. */
#include "pages/versions.h"

#include "ops/clock.h"
#include "ops/raise.h"

#include <stdatomic.h>

/* 8 MiB: with 500,000 cached pages a write makes one invalid that it did not touch. */
enum { SLOT_COUNT = 1024 * 1024 };

enum { PLACE_COUNT = 16 * 1024 }; /* 256 KiB; a shop changes fewer pages while a standby lags */

enum { MEMBER_COUNT = 256 }; /* of services at a time; one that finds none is not looked after */

/* Of all counters whose slots end alike: what was raised last. */
struct place {
    _Atomic uint64_t position; /* by a validator */
    _Atomic int64_t raised_us; /* by others */
};

struct versions {
    _Atomic uint64_t epoch;
    _Atomic int64_t invalidated_ms;                /* when everything was last invalidated */
    _Atomic int64_t member_beats_ms[MEMBER_COUNT]; /* the last beat; 0: nobody */
    _Atomic uint64_t member_editions[MEMBER_COUNT];
    _Atomic uint64_t position_of_all; /* that standbys must have replayed */
    struct place places[PLACE_COUNT];
    _Atomic uint64_t counters[SLOT_COUNT];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "versions are shared between processes");
_Static_assert((SLOT_COUNT & (SLOT_COUNT - 1)) == 0, "a hash is cut to a slot by a mask");
_Static_assert((PLACE_COUNT & (PLACE_COUNT - 1)) == 0, "so is a slot to a place");

size_t versions_bytes(void) {
    return sizeof(struct versions);
}

size_t versions_slot(enum subject subject, int64_t id) {
    /* The finalizer of splitmix64 spreads neighbouring ids. */
    uint64_t hash = (uint64_t)id * 2 + (uint64_t)subject;
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((hash ^ (hash >> 31)) & (SLOT_COUNT - 1));
}

struct version versions_note(const struct versions *versions, size_t slot) {
    return (struct version){.counter = atomic_load(&versions->counters[slot]),
                            .epoch = atomic_load(&versions->epoch)};
}

bool version_equal(struct version a, struct version b) {
    return a.counter == b.counter && a.epoch == b.epoch;
}

bool version_is_newer(struct version a, struct version b) {
    return a.counter > b.counter || a.epoch > b.epoch;
}

static size_t place_of(size_t slot) {
    return slot & (PLACE_COUNT - 1);
}

/* In this order: who notes the raised counter finds the time, too. */
void versions_raise(struct versions *versions, size_t slot) {
    raise_signed(&versions->places[place_of(slot)].raised_us, clock_us());
    atomic_fetch_add(&versions->counters[slot], 1);
}

void versions_raise_both(struct versions *versions, int64_t product, int64_t question) {
    if (product > 0) {
        versions_raise(versions, versions_slot(SUBJECT_PRODUCT, product));
    }
    if (question > 0) {
        versions_raise(versions, versions_slot(SUBJECT_QUESTION, question));
    }
}

/* Likewise. */
void versions_raise_at(struct versions *versions, size_t slot, uint64_t position) {
    raise_unsigned(&versions->places[place_of(slot)].position, position);
    atomic_fetch_add(&versions->counters[slot], 1);
}

void versions_need_replay_of_all(struct versions *versions, uint64_t position) {
    raise_unsigned(&versions->position_of_all, position);
}

/* By clock_us(), when clock_ms() says so. */
static int64_t latest_us(int64_t ms) {
    enum { US_PER_MS = 1000 };
    return (ms + CLOCK_STEP_MS + 1) * US_PER_MS;
}

uint64_t versions_replay_needed(const struct versions *versions, size_t slot, int64_t round_us) {
    const struct place *place = &versions->places[place_of(slot)];
    int64_t invalidated_us = latest_us(atomic_load(&versions->invalidated_ms));
    if (round_us <= atomic_load(&place->raised_us) || round_us <= invalidated_us) {
        return UINT64_MAX;
    }
    uint64_t own = atomic_load(&place->position), of_all = atomic_load(&versions->position_of_all);
    return own > of_all ? own : of_all;
}

void versions_invalidate_all(struct versions *versions, int64_t now_ms) {
    /* In this order: who notes the new epoch knows the time. A later time of another process stays.
     */
    raise_signed(&versions->invalidated_ms, now_ms);
    atomic_fetch_add(&versions->epoch, 1);
}

int64_t versions_max_age_ms(const struct versions *versions, int64_t now_ms) {
    int64_t age_ms = now_ms - atomic_load(&versions->invalidated_ms);
    return age_ms < VERSIONS_LEAST_MAX_AGE_MS ? VERSIONS_LEAST_MAX_AGE_MS : age_ms;
}

static void join(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    member->beat_ms = 0;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        int64_t nobody = 0;
        if (atomic_compare_exchange_strong(&versions->member_beats_ms[i], &nobody, now_ms)) {
            member->index = i;
            member->beat_ms = now_ms;
            return;
        }
    }
}

static bool stay(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    /* Fails when this process stood still for so long that another took it for dead. */
    int64_t last_ms = member->beat_ms;
    bool kept = last_ms != 0 && atomic_compare_exchange_strong(
                                    &versions->member_beats_ms[member->index], &last_ms, now_ms);
    member->beat_ms = kept ? now_ms : 0;
    return kept;
}

bool versions_beat(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    bool invalidated = false;
    if (!stay(versions, member, now_ms)) {
        join(versions, member, now_ms);
    }
    if (member->beat_ms != 0) {
        atomic_store(&versions->member_editions[member->index], member->edition);
    }
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        int64_t beat_ms = atomic_load(&versions->member_beats_ms[i]);
        if (beat_ms != 0 && now_ms - beat_ms > VERSIONS_SILENT_AFTER_MS) {
            /* Invalidates first: who dies in between leaves the dead member for the next to see. */
            versions_invalidate_all(versions, now_ms);
            atomic_store(&versions->member_editions[i], 0); /* not to be taken for the next one's */
            atomic_compare_exchange_strong(&versions->member_beats_ms[i], &beat_ms, 0);
            invalidated = true;
        }
    }
    return invalidated;
}

void versions_leave(struct versions *versions, const struct versions_member *member) {
    int64_t last_ms = member->beat_ms;
    if (last_ms != 0) {
        atomic_store(&versions->member_editions[member->index], 0);
        atomic_compare_exchange_strong(&versions->member_beats_ms[member->index], &last_ms, 0);
    }
}

uint64_t versions_common_edition(const struct versions *versions) {
    uint64_t common = 0;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (atomic_load(&versions->member_beats_ms[i]) != 0) {
            uint64_t edition = atomic_load(&versions->member_editions[i]);
            if (edition == 0 || (common != 0 && common != edition)) {
                return 0;
            }
            common = edition;
        }
    }
    return common;
}

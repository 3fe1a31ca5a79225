/*
 * Versions: what makes the pages of all processes coherent.
 *
 * In memory that every process on one host shares (pages/shared_memory.h) there is a counter for
 * each product and each question (a hash decides which; several share one) and one epoch for all.
 * Both are atomics; there are no locks. Counter and epoch together are the version of a page.
 *
 *   - A reader notes the version first. Then it looks a page up, or sends its query. A page is
 * valid only under the version that was noted before its query was sent.
 *   - A writer commits, raises the counters of what it touched, and only then responds.
 *   - A writer that dies, or a connection that breaks, may leave a commit whose counters nobody has
 *     raised: an orphan. Whoever notices calls versions_invalidate_all(), which raises the epoch.
 *   - The orphan may commit even after that. So a page that is made now is kept no longer than the
 *     time since the last call: versions_max_age_ms().
 *
 * Each supervisor that uses the memory is a member and beats once a second. The others invalidate
 * everything for a member that has fallen silent. docs/architecture.md has the proof.
 *
 * Beside the counters is what a standby must have replayed before its page counts under a version:
 * a position in the primary's log. The validator knows it, and publishes it before it raises a
 * counter (pages/rounds.h). Of what others raise it does not know yet: so there is also when that
 * was.
 *
 * All times are of clock_ms().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct versions;

enum {
    VERSIONS_LEAST_MAX_AGE_MS = 1000, /* most orphans commit or end sooner */
    VERSIONS_SILENT_AFTER_MS = 5000   /* a member that has not beaten for so long is dead */
};

enum subject { SUBJECT_PRODUCT, SUBJECT_QUESTION };

/* The version of a page. */
struct version {
    uint64_t counter;
    uint64_t epoch;
};

/* The bytes that versions take in shared memory (pages/shared_memory.h): zeros are new ones. */
size_t versions_bytes(void);

/* The counter of a product or a question. */
size_t versions_slot(enum subject subject, int64_t id);

struct version versions_note(const struct versions *versions, size_t slot);

bool version_equal(struct version a, struct version b);

/* Whether `a` was noted after something had been raised that `b` does not know. */
bool version_is_newer(struct version a, struct version b);

/* Invalidates every page of that counter, on every worker. */
void versions_raise(struct versions *versions, size_t slot);

/* Likewise the pages of a product and those of a question; 0: none. */
void versions_raise_both(struct versions *versions, int64_t product, int64_t question);

/* For a validator: the same for a change that is before that position in the log. */
void versions_raise_at(struct versions *versions, size_t slot, uint64_t position);

/* For a validator, before it invalidates every page. */
void versions_need_replay_of_all(struct versions *versions, uint64_t position);

/* What a standby must have replayed so that a page that it makes counts under a version that was
 * noted before; UINT64_MAX: that is not known, since something was raised after the last completed
 * round of a validator began, at `round_us` by clock_us(). The caller read that before it noted the
 * version. */
uint64_t versions_replay_needed(const struct versions *versions, size_t slot, int64_t round_us);

/* Invalidates every page, and notes when. */
void versions_invalidate_all(struct versions *versions, int64_t now_ms);

/* How long a page may be kept whose version was noted just before: the order matters, or a call of
 * versions_invalidate_all() in between is missed. At least VERSIONS_LEAST_MAX_AGE_MS. */
int64_t versions_max_age_ms(const struct versions *versions, int64_t now_ms);

/* A supervisor's place among the members; all zeros: none yet. */
struct versions_member {
    size_t index;
    int64_t beat_ms;
    uint64_t
        edition; /* of its pages (pages/shared_memory.h), which the next beat shows; 0: none yet */
};

/* Joins or stays a member, to be called at least once a second, and looks after the others. True
 * when one of them had fallen silent; everything has been invalidated then. */
bool versions_beat(struct versions *versions, struct versions_member *member, int64_t now_ms);

/* Leaves, when all workers have ended, and everything was invalidated for each that ended
 * uncleanly. */
void versions_leave(struct versions *versions, const struct versions_member *member);

/* The edition of the pages of every member; 0 where they differ, or one has none. */
uint64_t versions_common_edition(const struct versions *versions);

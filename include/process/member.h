/*
 * The supervisor's part in the shared memory (pages/shared_memory.h): it joins those who share it,
 * or makes it, hands it out while it is the holder, and invalidates all pages for processes that
 * ended without having done so.
 */
#pragma once

#include "ops/log.h"
#include "ops/metrics_memory.h"
#include "ops/watch.h"
#include "pages/retention.h"
#include "pages/shared_memory.h"
#include "process/holder.h"
#include "process/rendezvous.h"

struct member {
    const struct logger *logger;
    const struct metrics_memory *metrics;
    struct rendezvous rendezvous;
    struct shared_memory memory;
    struct versions_member beats;
    struct holder holder;
    struct watch connection; /* to the holder, where that is another */
    struct event_base *base;
    struct retention retention;
    int64_t rounds_since_us; /* from when on a validator is expected to have rounds; 0: none is */
    bool is_stopping;
    unsigned failures; /* to find the others, one after the other */
    bool is_told;      /* that the others are not found */
};

/* `path` is QA_SHARED_FILE. `base`, `logger` and `metrics` must outlive it. */
void member_init(struct member *member, struct event_base *base, const char *path,
                 const struct logger *logger, const struct metrics_memory *metrics);

enum member_joining { MEMBER_JOINED, MEMBER_NOT_YET, MEMBER_FAILED };

/* Tries once to join. What is not joined yet, soon may be: to be tried again, each some
 * milliseconds. On MEMBER_NOT_YET and MEMBER_FAILED there is one line in `error`. */
__attribute__((warn_unused_result)) enum member_joining
member_join(struct member *member, size_t ring_megabytes, char *error, size_t error_size);

/* Logs when the memory was made with another size than the settings ask for. */
void member_tell_size(const struct member *member, size_t ring_megabytes);

/* The edition that this service serves from now on. Others than workers may read pages while all
 * services have the same. */
void member_set_edition(struct member *member, uint64_t edition);

/* Whether this service has a validator, whose rounds the metrics then tell of. */
void member_expect_rounds(struct member *member, bool has_validator);

/* Invalidates every page, as who reloads may expect. */
void member_empty_cache(struct member *member);

/* Invalidates every page: a process that writes has died, perhaps between a commit and its
 * versions, and perhaps a server process that it has left behind commits yet. */
void member_doubt(struct member *member, enum metrics_invalidation reason);

/* To be called at least once a second: shows those who share the memory that this service lives,
 * and sees whether they do. */
void member_watch(struct member *member);

/* Workers are about to be told to drain: nobody may read any more what this service vouches for.
 * Another service becomes the holder. */
void member_stop(struct member *member);

/* When all workers have ended and member_doubt() was called where it had to be. */
void member_leave(struct member *member);

/* Closes all, also of one that has not joined. */
void member_free(struct member *member);

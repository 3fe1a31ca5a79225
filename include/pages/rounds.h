/*
 * The rounds of a validator: how the pages of this host learn of changes that others have made, at
 * other hosts or by hand (docs/decisions/065-validator.md).
 *
 * A round asks the primary, in one statement and so in one snapshot, for the changes that have
 * become visible since the round before. It raises the versions of their pages, and only then
 * extends the lease (pages/shared_memory.h), from the time at which it began. The first round of a
 * session invalidates every page, and so does one that cannot know what was before it.
 *
 * Before it raises a version it publishes how far in the primary's log everything is that the round
 * has seen: a standby that has replayed so much has it too (db/standbys.h).
 *
 * While pages are asked for, there is a round each few milliseconds, else 20 a second.
 */
#pragma once

#include "db/connection.h"
#include "pages/shared_memory.h"

struct metrics;
struct rounds;

struct rounds_settings {
    const char *database_url;
    int64_t lease_ms;
    int64_t limit_ms;  /* of a round: then its session is given up */
    bool has_standbys; /* that serve reads: they show which run of the primary they follow */
    struct connection_settings connection;
    struct metrics *metrics;
};

/* Told when there is a session, and when it is lost. */
typedef void rounds_on_change(void *owner, bool has_session);

/* Starts to connect. `settings` is copied but for the connection string, which is read only here;
 * `memory`, which is writable, and `logger` must outlive it. On failure NULL and one line in
 * `error`. */
struct rounds *rounds_new(struct event_base *base, const struct logger *logger,
                          const struct shared_memory *memory,
                          const struct rounds_settings *settings, rounds_on_change *on_change,
                          void *owner, char *error, size_t error_size);

/* In a pause there is no session once the statement under way is done. */
void rounds_pause(struct rounds *rounds);
void rounds_resume(struct rounds *rounds);
bool rounds_have_session(const struct rounds *rounds);

void rounds_free(struct rounds *rounds);

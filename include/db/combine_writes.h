/*
 * Writes share statements and commits: what arrives while groups are in flight forms the next one.
 * A lone write leaves at once.
 *
 *   - A group holds writes of one form.
 *   - Statements lock rows in the order of their ids, and each is a transaction of its own, so
 *     groups of several workers cannot deadlock.
 *   - The writes of a group that PostgreSQL rolled back are sent once more, each by itself or with
 *     equal ones, so that one bad write does not fail its neighbours.
 *   - A row that somebody keeps locked fails only its own writes. When a group has met such a row,
 * a statement tells which rows are free, and their writes are sent once more together. Writes to a
 * row that is known to be locked share a group with no others: they wait for the lock row after
 * row, on one connection. Up to a quarter of the writes may wait so.
 *   - A write without a form is sent by itself.
 */
#pragma once

#include "db/lane.h"

/* How writes of one kind are sent, in the words of sql/queries. */
struct write_form {
    /* Takes a JSON array of the writes' first parameters, and a PostgreSQL array of each further
     * one. Returns a row for each write that took effect. Its first column, `position`, is the
     * write's place, from 1. */
    enum statement statement;
    /* A cheaper one for a lone write, or several that are all equal: takes the parameter and how
     * many there are, and returns one row for all if they took effect. STATEMENT_COUNT: none. */
    enum statement for_equal;
    /* Takes the first parameter of `statement`, and returns a row for each write whose row it need
     * not wait for. STATEMENT_COUNT: the writes lock no rows. */
    enum statement unlocked;
    size_t calls_max; /* of a group; 0: as many as there may be of any */
};

struct write_state_settings {
    size_t call_limit;       /* of the lane */
    int64_t timeout_ms;      /* of a call */
    int64_t lock_timeout_ms; /* of a statement */
    bool is_lone_connection; /* for writes */
};

extern const struct combine combine_writes;

/* The state of one lane. */
struct write_state;

struct write_state *combine_writes_state_new(const struct write_state_settings *settings);

void combine_writes_state_free(struct write_state *state);

/*
 * Writes in batches: what arrives while batches are in flight forms the next one, so that many
 * writes share a statement and a commit. A lone write leaves at once.
 *
 *   - A batch holds items of one form.
 *   - Statements lock rows in the order of their ids, and each is a transaction of its own, so
 *     batches of several workers cannot deadlock.
 *   - A batch that PostgreSQL rolled back is sent once more, each item by itself, so that one bad
 *     item does not fail its neighbours. One whose connection was lost is never sent again.
 *   - A row that somebody keeps locked fails only its own items. When a batch has met such a row,
 * the batch is sent once more without the locked ones. Items of a row that is known to be locked
 * are in no batch with others: they wait for the lock in a queue of their own, row after row, on
 * one connection. That queue takes up to a quarter of the items.
 */
#pragma once

#include "db/pool.h"

struct batcher;

/* What writes items of one kind. */
struct batch_form {
    /* Takes one parameter, a JSON array with an element for each item, and returns a row for each
     * item that took effect. Its first column, `position`, is the item's place, from 1. */
    enum statement statement;
    /* A cheaper one for a lone item, or several that are all equal: takes the item and how many
     * there are, and returns one row for all if they took effect. STATEMENT_COUNT: there is none.
     */
    enum statement for_equal;
    /* Takes the same parameter as `statement`, and returns a row for each item whose row it need
     * not wait for. STATEMENT_COUNT: items lock no rows. */
    enum statement unlocked;
};

/*
 * Told once for each item. After QUERY_DONE `row` is its row of `result`, or -1 when it has none;
 * then, and after QUERY_FAILED, `result` is the batcher's and valid until this returns; else NULL.
 */
typedef void batch_on_done(void *owner, enum query_outcome outcome, const PGresult *result,
                           int row);

struct batcher_settings {
    size_t batches_in_flight; /* at most; as many as there are connections for writes */
    size_t queue_limit;       /* items that wait or are in flight */
    int64_t queue_wait_ms;    /* of the item that waits longest: while it is more, none is added */
    int64_t request_timeout_ms;
    int64_t lock_timeout_ms; /* of a statement */
    /* Told when a batch may have been applied without anybody knowing, before its items are. */
    void (*on_uncertain)(void *owner);
    void *owner;
};

/* The pool must outlive the batcher's use. NULL when out of memory. */
struct batcher *batcher_new(struct event_base *base, struct pool *pool,
                            const struct batcher_settings *settings);

/* Refuses what waits and takes nothing more; what is in flight is still told. */
void batcher_close(struct batcher *batcher);

/* After batcher_close() and pool_close(), which complete all that is in flight, and before
 * pool_free(): until the event loop's next turn it still may ask the pool. */
void batcher_free(struct batcher *batcher);

/* Adds an item, the text of one JSON value, which is copied; the form is not, and must be the only
 * one with its statement. `row` is the id of the row that the item locks; 0: none. on_done is told
 * exactly once, possibly before this returns. */
void batcher_add(struct batcher *batcher, const struct batch_form *form, int64_t row,
                 const char *item, batch_on_done *on_done, void *owner);

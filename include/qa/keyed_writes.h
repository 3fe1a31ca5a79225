/*
 * Forgets the records of keyed writes (sql/migrations/0024_keyed_writes.sql) when they are a day
 * old, some at a time. While there is none, nothing is done.
 */
#pragma once

#include "db/pool.h"

struct keyed_writes;

/* `pool` must outlive it. Nothing is done before keyed_writes_begin(). */
struct keyed_writes *keyed_writes_new(struct event_base *base, struct pool *pool);

/* Looks whether there are records: when the pool has got a connection. */
void keyed_writes_begin(struct keyed_writes *records);

/* There is one. */
void keyed_writes_note(struct keyed_writes *records);

/* No call is made from now on. */
void keyed_writes_close(struct keyed_writes *records);

/* After the pool has completed its call: pool_close(). */
void keyed_writes_free(struct keyed_writes *records);

/* A pool on a fake libpq, and what its calls are told. */
#pragma once

#include "db/pool.h"
#include "fake_libpq.h"

#include <event2/event.h>

enum { TOLD_MAX = 512 };

/* What a call was told; by its number. */
struct told {
    int sends;
    int dones;
    enum query_outcome outcome;
    int row;
    char value[64]; /* the first of that row */
    int uncertain;  /* how often the pool had told that before */
    char error[6];  /* the result's SQLSTATE */
};

extern struct event_base *base;
extern struct pool *pool;
extern struct told told[TOLD_MAX];
extern bool pool_told_ready;
extern int pool_told_changes;   /* how often */
extern int pool_told_uncertain; /* likewise */

/* Settings of a pool of one connection for reads and one for writes, whose limits no test meets. */
struct pool_settings fake_pool_settings(void);

/* Opens a pool; the first of them before it has begun to connect. */
void fake_pool_begin(const struct pool_settings *settings);
void fake_pool_open(const struct pool_settings *settings);

/* Also fails the test when a call was told more than once, or one of the first `calls` not. */
void fake_pool_close(size_t calls);

/* Lets happen what needs no time. */
void turn(void);

void wait_ms(int64_t ms);

/* A call that notes what it is told in told[number]. */
struct call noted_call(size_t number, enum statement statement);

/* Submits the read of a product's or question's page. */
void read_page(size_t number, enum pool_lane lane, enum statement statement, int64_t id);

/* Fails the test unless the call was told this, once. */
void assert_told(size_t number, enum query_outcome outcome);

/* The session that runs a statement, and was opened before the `others` that do as well. */
PGconn *running(size_t others);

size_t running_count(void);

/* The server returns a lone call's row. */
void return_row(PGconn *session, const char *value);

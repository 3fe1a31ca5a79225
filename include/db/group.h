/*
 * A group: the calls that one statement carries, and the parameters of that statement.
 *
 * A lane (db/lane.h) makes it and releases it. In between it is in the queue of the connection on
 * which it was sent.
 */
#pragma once

#include "db/call.h"

struct connection;
struct lane;

enum group_kind {
    GROUP_ONE,   /* the statement of its only call */
    GROUP_MANY,  /* a statement that returns a row for each call, with its place */
    GROUP_EQUAL, /* a statement that returns one row for all calls */
    GROUP_LOOK   /* a statement that tells which calls may go on */
};

struct group {
    TAILQ_ENTRY(group) in_connection;
    struct connection *connection; /* that it was sent on; else NULL */
    struct lane *lane;
    enum group_kind kind;
    bool is_write;
    int64_t sent_us;              /* by clock_us() */
    enum query_outcome when_lost; /* of a write, when its connection is */
    PGresult *result;     /* the connection's, until the end of the transaction when that decides */
    bool awaits_position; /* of a read from a standby, until `replayed` is known */
    uint64_t replayed;    /* what the standby had replayed before it took up this read */
    enum statement statement;
    int parameter_count;
    const char *parameters[CALL_PARAMETERS_MAX]; /* text format */
    char *end;                                   /* of the last parameter */
    size_t count;
    struct call *calls[]; /* by their place; NULL: completed meanwhile */
};

TAILQ_HEAD(group_queue, group);

/* A group of calls, with room for all their parameters. */
struct group *group_new(enum group_kind kind, enum statement statement, struct call *const calls[],
                        size_t count);

/* The calls in it are not released. */
void group_free(struct group *group);

/* Adds a parameter of the statement. */
void group_add_parameter(struct group *group, const struct call_parameter *value);

/* Adds an array of one parameter of all calls, as it is: numbers, or texts that need no quotes.
 * `brackets`: "[]" for one in JSON, "{}" for one of PostgreSQL. */
void group_add_array(struct group *group, int parameter, const char brackets[2]);

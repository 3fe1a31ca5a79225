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

struct group {
    TAILQ_ENTRY(group) in_connection;
    struct connection *connection; /* that it was sent on; else NULL */
    struct lane *lane;
    bool is_write;
    PGresult *result; /* the connection's, until the end of the transaction when that decides */
    enum statement statement;
    int parameter_count;
    const char *parameters[CALL_PARAMETERS_MAX]; /* text format */
    char *end;                                   /* of the last parameter */
    size_t count;
    struct call *calls[]; /* by their place; NULL: completed meanwhile */
};

TAILQ_HEAD(group_queue, group);

/* A group of no call, with room for some and for parameters of `text_size` bytes, ends included. */
struct group *group_new(enum statement statement, size_t calls_max, size_t text_size);

/* The calls in it are not released. */
void group_free(struct group *group);

void group_add(struct group *group, struct call *call);

/* Begins a parameter of the statement, to which the following are appended. */
void group_begin_parameter(struct group *group);

void group_put_text(struct group *group, const char *text, size_t length);

/* The text of a call's parameter. */
void group_put_parameter(struct group *group, const struct call_parameter *parameter);

/* How many bytes that takes at most. */
size_t group_parameter_size(const struct call_parameter *parameter);

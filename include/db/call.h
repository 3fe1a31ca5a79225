/*
 * A call: one query that somebody wants, and whom to tell of it.
 *
 * Whoever wants it fills a struct, adds the parameters in their order and hands it to the pool
 * (db/pool.h), which copies the struct and owns the texts in it.
 */
#pragma once

#include "db/call_times.h"
#include "db/query.h"
#include "db/statement_names.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { CALL_PARAMETERS_MAX = 8 };

/*
 * Told once for each call. After QUERY_DONE `row` is the call's row of `result`, or -1 when it has
 * none. The result is set for QUERY_DONE and QUERY_FAILED, else NULL; it is the pool's and valid
 * until this returns.
 */
typedef void call_on_done(void *owner, enum query_outcome outcome, const PGresult *result, int row);

/* Told before a call is sent, again when it is sent once more. Must not call the pool. */
typedef void call_on_send(void *owner);

enum call_state {
    CALL_NEW,     /* not yet the pool's */
    CALL_WAITING, /* in the queue of its lane */
    CALL_SENT,    /* in a group, on a connection */
    CALL_COMPLETED
};

/* Which others may share a group with a call. */
enum call_company {
    COMPANY_ANY,   /* those that run the same statement */
    COMPANY_EQUAL, /* none, or equal ones: it was rolled back in company */
    COMPANY_LOOK,  /* those that were rolled back for a lock: which of them may go on? */
    COMPANY_LOCKED /* those that lock the same row, which is known to be locked */
};

struct write_form;

struct call_parameter {
    int64_t number;
    char *text; /* instead of the number, unless NULL; owned */
};

struct call {
    enum statement statement;
    const struct write_form *form; /* of a write, instead of a statement (db/combine_writes.h) */
    int64_t row;                   /* that a write locks, in the table of its form; 0: none */
    call_on_send *on_send;         /* NULL: nobody asks */
    call_on_done *on_done;
    void *owner;
    struct call_times *told; /* the owner's: filled in before on_done; NULL: nobody asks */
    int64_t weight;          /* of a read: how many elements it may show */
    int64_t spent_ms;        /* of its deadline, before it came here */
    int parameter_count;
    struct call_parameter parameters[CALL_PARAMETERS_MAX];

    /* The lane's (db/lane.h). */
    enum call_state state;
    TAILQ_ENTRY(call) in_lane;  /* all that are not completed, in the order of arrival */
    TAILQ_ENTRY(call) in_queue; /* those that wait */
    uint64_t number;            /* by the order of arrival in its lane */
    int64_t arrived_ms;         /* or when a pause ended in which it waited */
    struct call_times times;
    struct group *group; /* while it is sent; else NULL */
    size_t place;        /* in that group */
    int sends;           /* how often it has been sent */
    enum call_company company;
};

TAILQ_HEAD(call_queue, call);

/* A parameter more, for which there must be room. */
static inline struct call_parameter *call_add(struct call *call) {
    assert(call->parameter_count < CALL_PARAMETERS_MAX);
    return &call->parameters[call->parameter_count++];
}

static inline void call_add_int64(struct call *call, int64_t number) {
    call_add(call)->number = number;
}

/* `text` is handed over, to be released with free(). */
static inline void call_add_text(struct call *call, char *text) {
    call_add(call)->text = text;
}

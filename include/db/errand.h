/*
 * Errands: statements that are asked for now and then, each on a session of its own, which does not
 * block and is closed again. So there is no session to keep, to lose, or to close for a pause.
 *
 * It connects as db/attempts.h does, sets the session up (db/session_settings.h) and runs the
 * statements one after the other, each a transaction of its own. A few errands run at a time; more
 * are refused.
 */
#pragma once

#include <event2/event.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct errands;

enum { ERRAND_STATEMENTS_MAX = 2, ERRAND_PARAMETERS_MAX = 8 };

enum errand_outcome {
    ERRAND_DONE,    /* with the last statement's result */
    ERRAND_FAILED,  /* with the result of the statement that failed; nothing of it took effect */
    ERRAND_REFUSED, /* no session was to be had: nothing was done */
    ERRAND_UNKNOWN  /* the session was lost, or took too long, after the statements were sent */
};

/* Told once, never before errands_run() has returned. The result is valid until this returns, and
 * NULL for the last two outcomes. `reason` is a line for the log. */
typedef void errand_on_done(void *owner, enum errand_outcome outcome, const PGresult *result,
                            const char *reason);

struct errand {
    const char *statements[ERRAND_STATEMENTS_MAX]; /* NULL: none; for good */
    int parameter_count;                           /* of the last statement */
    const char *parameters[ERRAND_PARAMETERS_MAX]; /* copied; NULL is allowed */
    errand_on_done *on_done;
    void *owner;
};

struct errands_settings {
    const char *database_url; /* copied */
    const char *application;  /* what the server shows of the sessions; for good */
    int64_t limit_ms;         /* of an errand */
    size_t most;              /* at a time */
};

/* NULL with one line in `error` where the connection string is wrong. */
struct errands *errands_new(struct event_base *base, const struct errands_settings *settings,
                            char *error, size_t error_size);

/* False: too many run already, or errands_close() was called; on_done will not be told. */
__attribute__((warn_unused_result)) bool errands_run(struct errands *errands,
                                                     const struct errand *errand);

/* Tells on_done of all that run, and refuses all that come. NULL is allowed. */
void errands_close(struct errands *errands);

/* After errands_close(). What was being looked up is released in the event loop's next turn. */
void errands_free(struct errands *errands);

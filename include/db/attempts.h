/*
 * The search for a session: an attempt to connect for each address of the server.
 *
 * The address that served last is tried first. Another is tried as soon as one has failed, and
 * beside those under way when none has led to a session for a quarter of a second; so a host that
 * never responds costs that time and no more. Only a few are under way at a time, each with a limit
 * of its own. The first session that fits target_session_attrs is taken, and the others are closed.
 */
#pragma once

#include "db/server_address.h"

#include <event2/event.h>
#include <stdint.h>

enum { ATTEMPTS_REASON_SIZE = 512 };

struct attempts_result {
    PGconn *session; /* handed over, connected; NULL: none was found */
    struct endpoint endpoint;
    const char *reason; /* without a session: one line */
    bool at_once;       /* every address has replied, so none was given up by the time limit */
};

/* Told once. */
typedef void attempts_on_done(void *owner, const struct attempts_result *result);

struct attempts_settings {
    const char *application; /* what the server shows of the session */
    int64_t limit_ms;        /* of each attempt: TCP, TLS and authentication; and of look-ups */
    bool only_usual;         /* neither the preferred address nor the one to be avoided */
    attempts_on_done *on_done;
    void *owner;
};

struct attempts;

/* Starts; on_done is told later, never before this returns. The arguments, but for `settings`, must
 * outlive it. */
struct attempts *attempts_begin(struct event_base *base, struct resolver *resolver,
                                struct server_address *address,
                                const struct attempts_settings *settings);

/* Ends one that has not told on_done; it will not. */
void attempts_cancel(struct attempts *attempts);

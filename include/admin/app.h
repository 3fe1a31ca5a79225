/* What the handlers of the admin process work on. Owned by the process. */
#pragma once

#include "admin/figures.h"
#include "admin/view.h"
#include "ops/log.h"

#include <stddef.h>

enum { ADMIN_ADDRESS_SIZE = 128, ADMIN_DOORS_MAX = 4 };

struct admin;
struct desk;
struct pauses;

/* An address where the process listens: request->app. */
struct admin_door {
    const struct admin *admin;
    /* A Unix socket, to which this user and root alone can connect. Only there is anything changed.
     */
    bool is_private;
    bool is_wildcard;                 /* all addresses of the host */
    char address[ADMIN_ADDRESS_SIZE]; /* "unix:PATH" or "ADDRESS:PORT" */
};

struct admin {
    const struct logger *logger;
    /* The service as it is now. */
    void (*look)(const void *owner, struct service_view *view);
    const void *owner;
    struct pauses *pauses;
    struct desk *desk;                    /* NULL: nobody may moderate here */
    const struct metrics_memory *metrics; /* NULL: those of the supervisor cannot be read */
    const char *certificate;              /* that NGINX shows: a file; "": none */
    const char *report;                   /* ops/config_report.h */
    size_t report_length;
    struct admin_door doors[ADMIN_DOORS_MAX];
    unsigned door_count;
    struct figures figures; /* while there are metrics */
};

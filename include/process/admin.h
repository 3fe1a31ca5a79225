/*
 * The admin process: it shows operators what the service does (admin/routes.h), apart from the
 * processes that serve. It has no database connection and no secret, unless moderators work there
 * (admin/desk.h). Started by the supervisor, never by hand.
 */
#pragma once

#include "ops/config.h"
#include "process/lifeline.h"

/* Descriptors that the admin process inherits. */
enum {
    ADMIN_FDS_BEGIN = 3,
    ADMIN_READY_FD = ADMIN_FDS_BEGIN, /* pipe: written when the process can serve */
    ADMIN_HEARTBEAT_FD,               /* process/heartbeat.h */
    ADMIN_METRICS_FD,                 /* ops/metrics_memory.h */
    ADMIN_OVERVIEW_FD,                /* process/overview.h */
    ADMIN_REPORT_FD,                  /* a file: ops/config_report.h */
    ADMIN_PAUSE_FD,                   /* ops/pause.h */
    /* While there are moderators: */
    ADMIN_MEMORY_FD,       /* pages/shared_memory.h */
    ADMIN_DATABASE_URL_FD, /* a moderator's connection string */
    ADMIN_TOKENS_FD,       /* QA_MODERATION_TOKENS */
    ADMIN_SOCKETS_FD,      /* listening; a number that is no such socket is not used */
    ADMIN_SOCKETS_MAX = 4,
    ADMIN_FDS_END = ADMIN_SOCKETS_FD + ADMIN_SOCKETS_MAX
};

/* Runs until SIGTERM. Returns the process's exit status. */
int admin_run(const struct config *config, const struct child_identity *identity);

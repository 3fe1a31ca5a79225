/* A moderator's session with the database, as commands have it: it blocks. Functions that fail
 * leave one line in `error`. */
#pragma once

#include "moderation/statement_names.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Whom to ask, and where to put why nobody responds. */
struct moderation_session {
    PGconn *connection;
    bool is_owner;
    bool is_unknown; /* what became of the last statement: it may have been committed */
    char error[400];
};

/* As whom: what to do is told where the role may not do what is asked. */
enum moderation_role { MODERATION_AS_MODERATOR, MODERATION_AS_OWNER };

/* False with `error`. moderation_close() is due in any case. */
__attribute__((warn_unused_result)) bool moderation_open(struct moderation_session *session,
                                                         const char *database_url,
                                                         enum moderation_role role);

void moderation_close(struct moderation_session *session);

/* Runs a statement of sql/moderation. The result is the caller's; NULL with `error`, and nothing
 * was done unless `is_unknown`. A parameter may be NULL. */
__attribute__((warn_unused_result)) PGresult *moderation_ask(struct moderation_session *session,
                                                             enum moderation_statement statement,
                                                             int count,
                                                             const char *const *parameters);

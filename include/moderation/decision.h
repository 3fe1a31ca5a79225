/* A decision of a moderator, as commands and the desk send it to the database. */
#pragma once

#include "moderation/item.h"
#include "moderation/statement_names.h"

#include <stdbool.h>

struct decision {
    const char *action;
    struct item item;  /* of a product its number alone */
    const char *entry; /* of the log: what is undone; NULL: the last. Of no use else */
    const char *actor;
    const char *note; /* NULL: none */
};

/* Whether it is an action: approve, hide, restore, erase or undo. */
bool decision_is_known(const char *action);

/* Whether it is one about a product, which sql/moderation/hold.sql makes: hold or release. */
bool decision_is_hold(const char *action);

enum { DECISION_PARAMETERS = 5 };

/* The statement that makes a decision, sql/moderation/decide.sql, undo.sql or hold.sql, and its
 * parameters, which stay the decision's; `*count` is their number. */
enum moderation_statement decision_statement(const struct decision *decision,
                                             const char *parameters[DECISION_PARAMETERS],
                                             int *count);

/* Columns of the row that it returns, but for hold.sql. The entry is NULL where all was as wanted;
 * the refusal tells why nothing was done. */
enum {
    DECISION_ENTRY,
    DECISION_PRODUCT,
    DECISION_QUESTION,
    DECISION_REFUSAL,
    DECISION_ITEM, /* as JSON */
};

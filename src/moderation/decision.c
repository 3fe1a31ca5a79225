/* Decisions of moderators. */
#include "moderation/decision.h"

#include "ops/words.h"

#include <string.h>

bool decision_is_known(const char *action) {
    static const char *const words[] = {"approve", "hide", "restore", "erase", "undo", NULL};
    return words_have(words, action);
}

bool decision_is_hold(const char *action) {
    static const char *const words[] = {"hold", "release", NULL};
    return words_have(words, action);
}

enum moderation_statement decision_statement(const struct decision *decision,
                                             const char *parameters[DECISION_PARAMETERS],
                                             int *count) {
    const char *const hold[] = {decision->action, decision->item.id, decision->actor,
                                decision->note};
    if (decision_is_hold(decision->action)) {
        memcpy(parameters, hold, sizeof hold);
        *count = sizeof hold / sizeof *hold;
        return MODERATION_STATEMENT_HOLD;
    }
    bool undoes = strcmp(decision->action, "undo") == 0;
    const char *const decide[] = {decision->action, decision->item.kind, decision->item.id,
                                  decision->actor, decision->note};
    const char *const undo[] = {decision->item.kind, decision->item.id, decision->entry,
                                decision->actor, decision->note};
    memcpy(parameters, undoes ? undo : decide, sizeof decide);
    *count = DECISION_PARAMETERS;
    return undoes ? MODERATION_STATEMENT_UNDO : MODERATION_STATEMENT_DECIDE;
}

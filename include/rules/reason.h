/* Why something may be reported. */
#pragma once

#include <stdbool.h>

/* Whether it is a word of report_reason (sql/migrations/0018_moderation.sql). */
bool reason_is_known(const char *text);

/* These words, ending with NULL. */
extern const char *const reason_words[];

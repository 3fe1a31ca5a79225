/* Configuration as a document: which settings are in force, and where each came from. */
#pragma once

#include "ops/config.h"

/*
 * A JSON object, {"version", "revision", "settings": [{"name", "value", "unit", "from"}, …]}, in
 * the order of the table of settings. "from" is one of default, flag, environment, QA_ENV_FILE, and
 * NAME_FILE of a secret, whose value is "(set)", or "" where it has none: no secret is in the text.
 * To be released with free(); NULL when out of memory.
 */
__attribute__((warn_unused_result)) char *config_report(const struct config *config);

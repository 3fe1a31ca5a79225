/* Configuration as text: for workers, for people, and as lines of a file. */
#pragma once

#include "ops/config.h"

/*
 * The environment of a child process: this process's own with every setting resolved to its value,
 * but without QA_ENV_FILE, the NAME_FILE forms, the owner's connection string and what moderators
 * have, which are not every child's business. Files that hold a value, unless NULL, say it instead
 * of the environment. NULL when out of memory; config_environment_free() releases it.
 */
struct config_files {
    const char *database_url;
    const char *read_database_url;
    const char *moderation_database_url;
    const char *moderation_tokens;
};
char **config_environment(const struct config *config, const struct config_files *files);

void config_environment_free(char **environment);

/*
 * Prints what is set, as lines NAME=value that QA_ENV_FILE could hold: every setting of the
 * program, with a # before those that are not given, "(set)" for a secret; or, when `elsewhere`,
 * those of deploy/ that are in QA_ENV_FILE and not in the environment. Remarks go to standard
 * error, with the former. False with one line in `error` where config_load() would fail.
 */
__attribute__((warn_unused_result)) bool config_print(bool elsewhere, char *error,
                                                      size_t error_size);

/* Prints each setting with its flag, variable, default, unit and meaning. */
void config_print_help(void);

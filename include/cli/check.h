/* What must be right before the service starts. The functions leave one line in `error` where
 * something is not. */
#pragma once

#include "ops/config.h"

/* What the settings alone tell. */
bool check_settings(const struct config *config, char *error, size_t error_size);

/* Whether the database, where it answers, lends sessions and has room for ours; may block. */
bool check_connections(const struct config *config, char *error, size_t error_size);

/* For commands that work as the owner: whether its connection string is one, and lends sessions;
 * may block. */
bool check_owner_database(const struct config *config, char *error, size_t error_size);

/* Makes the folder of run-time files, where nobody has said to put them elsewhere. */
bool check_run_folder(const struct config *config, char *error, size_t error_size);

/* `serve --check`: prints what is right and what is not, and returns the process's exit status. */
int check_and_tell(const struct config *config);

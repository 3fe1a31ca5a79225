/*
 * Configuration: every setting of `atelier-qa serve`, from a flag, an environment variable, the
 * file that QA_ENV_FILE names, or its default, in this order of precedence.
 *
 * Secrets have no flag, which every user of the machine could read; instead NAME_FILE names a file
 * that holds the value.
 */
#pragma once

#include "ops/config.h"

#include <stdbool.h>
#include <stddef.h>

enum config_result { CONFIG_OK, CONFIG_WRONG, CONFIG_HELP };

/*
 * Reads all settings. `argv[1..argc-1]` are flags, such as --workers=4 or --workers 4.
 * CONFIG_WRONG leaves one line that names the setting in `error`; CONFIG_HELP says that --help or
 * -h was given. `config` needs config_free() only after CONFIG_OK.
 */
__attribute__((warn_unused_result)) enum config_result
config_load(struct config *config, int argc, char **argv, char *error, size_t error_size);

/* The same. What was given stays in `given`, which is all zeros before, and which given_free()
 * releases in every case. */
struct given;
__attribute__((warn_unused_result)) enum config_result
config_load_given(struct config *config, struct given *given, int argc, char **argv, char *error,
                  size_t error_size);

void config_free(struct config *config);

/* The name of the setting that owner_database_url comes from. */
const char *config_owner_setting(const struct config *config);

/* Writes a warning for each remark. */
void config_log_remarks(const struct config *config);

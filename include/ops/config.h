/*
 * Configuration: every setting of `atelier-qa serve`, from a flag, an environment variable, the
 * file that QA_ENV_FILE names, or its default, in this order of precedence.
 *
 * Secrets have no flag, which every user of the machine could read; instead NAME_FILE names a file
 * that holds the value.
 */
#pragma once

#include "ops/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values. Strings are owned by the struct and never NULL; config_free() releases them. */
struct config {
    char *database_url;       /* libpq connection string of the serving role; "" = libpq's PG* */
    char *owner_database_url; /* of the role that owns the tables; "" = database_url */
    char *env_file;
    char *state_dir;
    char *shared_file; /* of cache/generations.h */
    char *listen;      /* "unix:PREFIX" or "ADDRESS:BASE", see process/listener.h */
    char *log_level_name;
    char *loaderio_token; /* what follows `loaderio-`; "" = none */
    char *remarks;        /* lines on names that are unknown or old, and on what has no effect */
    int64_t workers;
    int64_t read_connections;  /* per worker */
    int64_t write_connections; /* per worker */
    int64_t queue_limit;       /* requests that may wait for the database, per worker */
    int64_t overload_after_ms; /* a lane rejects queries when its oldest has waited longer */
    int64_t max_clients;       /* client connections per worker */
    int64_t answers_per_question;
    int64_t cache_mb;         /* per worker; 0 = off */
    int64_t shared_cache_mb;  /* of all workers together; 0 = none, as without cache_mb */
    int64_t cache_lifetime_s; /* of an entry */
    int64_t lock_timeout_ms;  /* the four time limits rise in this order */
    int64_t statement_timeout_ms;
    int64_t request_timeout_ms;
    int64_t drain_timeout_ms;
    int64_t client_idle_timeout_s;
    enum log_level log_level; /* of log_level_name */
};

enum config_result { CONFIG_OK, CONFIG_WRONG, CONFIG_HELP };

/*
 * Reads all settings. `argv[1..argc-1]` are flags, such as --workers=4 or --workers 4.
 * CONFIG_WRONG leaves one line that names the setting in `error`; CONFIG_HELP says that --help or
 * -h was given. `config` needs config_free() only after CONFIG_OK.
 */
__attribute__((warn_unused_result)) enum config_result
config_load(struct config *config, int argc, char **argv, char *error, size_t error_size);

void config_free(struct config *config);

/* The name of the setting that owner_database_url comes from. */
const char *config_owner_setting(const struct config *config);

/* Writes a warning for each remark. */
void config_log_remarks(const struct config *config);

/*
 * The environment of a worker process: this process's own with every setting resolved to its value,
 * but without QA_ENV_FILE, the NAME_FILE forms and the owner's connection string, which are not a
 * worker's business. `database_url_file`, unless NULL, holds the connection string, which then is
 * not in the environment. NULL when out of memory; config_environment_free() releases it.
 */
char **config_environment(const struct config *config, const char *database_url_file);

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

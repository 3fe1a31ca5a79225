/* The values of all settings of the program (docs/configuration.md). */
#pragma once

#include "ops/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The layout of the memory that the services of a host share (pages/shared_memory.h): raised with
 * each change. The default name of the file by which they find it has it, so that services of
 * different layouts do not meet. */
#define SHARED_FILE_LAYOUT 8
#define SHARED_FILE_NAME "versions." CONFIG_TEXT_OF(SHARED_FILE_LAYOUT)
#define CONFIG_TEXT_OF(number) CONFIG_TEXT_OF_EXPANDED(number)
#define CONFIG_TEXT_OF_EXPANDED(number) #number

enum { SETTING_COUNT = 33 };

#define CONFIG_TLS_CERTIFICATE "QA_TLS_CERTIFICATE"

/* Where a value comes from. */
enum setting_origin {
    ORIGIN_DEFAULT,
    ORIGIN_FLAG,
    ORIGIN_ENVIRONMENT,
    ORIGIN_ENV_FILE,   /* a line of QA_ENV_FILE */
    ORIGIN_SECRET_FILE /* the file that NAME_FILE names */
};

/* The values. Strings are owned by the struct and never NULL; config_free() (ops/config_load.h)
 * releases them. */
struct config {
    char *database_url;       /* libpq connection string of the serving role; "" = libpq's PG* */
    char *read_database_url;  /* the same of standbys that serve reads; "" = none */
    char *owner_database_url; /* of the role that owns the tables; "" = database_url */
    char *moderation_database_url; /* of a role that moderates; "" = owner_database_url */
    char *moderation_tokens;       /* NAME:TOKEN of each moderator; "" = no moderation page */
    char *env_file;
    char *state_dir;
    char *shared_file;  /* of process/lock_file.h */
    char *listen;       /* "unix:PREFIX" or "ADDRESS:BASE", see process/listener.h */
    char *admin_listen; /* list of "unix:PATH" and "ADDRESS:PORT", or "off"; process/places.h */
    char *log_level_name;
    char *log_file; /* "" = standard error */
    char *server_timing_text;
    char *premoderate_text;
    char *lease_text;      /* "" = one host */
    char *loaderio_token;  /* what follows `loaderio-`; "" = none */
    char *tls_certificate; /* of NGINX's settings: a file that tells when it ends; "" = none */
    char *remarks;         /* lines on names that are unknown or old, and on what has no effect */
    unsigned workers;
    size_t read_connections;   /* per worker */
    size_t write_connections;  /* per worker */
    size_t queue_limit;        /* requests that may wait for the database, per worker */
    int64_t overload_after_ms; /* a lane rejects queries when its oldest has waited longer */
    unsigned max_clients;      /* client connections per worker */
    int64_t answers_per_question;
    int64_t reports_to_hide;  /* an item: so many of different shoppers */
    size_t cache_mb;          /* of all workers together; 0 = off */
    int64_t cache_lifetime_s; /* of an entry */
    int64_t lease_ms;         /* of lease_text; -1 = one host */
    int64_t lock_timeout_ms;  /* the four time limits rise in this order */
    int64_t statement_timeout_ms;
    int64_t request_timeout_ms;
    int64_t drain_timeout_ms;
    int64_t pause_timeout_s; /* 0 = no pauses */
    unsigned client_idle_timeout_s;
    int64_t log_slow_ms;      /* requests that take so long are logged; 0 = none */
    enum log_level log_level; /* of log_level_name */
    bool server_timing;       /* of server_timing_text */
    bool premoderates_all;    /* of premoderate_text */
    bool admin_listen_is_default;
    enum setting_origin origin[SETTING_COUNT]; /* as the table of settings is ordered */
};

/* `atelier-qa person export` and `atelier-qa person erase`. */
#include "cli/person.h"

#include "cli/actor.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/help.h"
#include "moderation/session.h"
#include "ops/config_load.h"
#include "pages/lease_wait.h"
#include "process/notify.h"
#include "rules/limits.h"
#include "rules/text.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESS_SIZE = 4 * EMAIL_CHARACTERS_MAX + 2 };

struct options {
    char address[ADDRESS_SIZE];
    const char *actor;      /* NULL: whoever is logged in */
    const char *keep_texts; /* "true" or "false", as PostgreSQL has them; NULL: not said */
    bool is_erasure;
    bool is_sure;
    bool help;
};

static bool wrong(const char *what) {
    fprintf(stderr, "person: %s, see person --help\n", what);
    return false;
}

enum { HELP = 'h', EMAIL = 256, TEXTS, AS, YES };

static const struct option known_options[] = {
    {"email", required_argument, NULL, EMAIL}, {"texts", required_argument, NULL, TEXTS},
    {"as", required_argument, NULL, AS},       {"yes", no_argument, NULL, YES},
    {"help", no_argument, NULL, HELP},         {NULL, 0, NULL, 0}};

/* From the command line, where others may see it, or from standard input. */
static bool take_address(struct options *options, const char *given) {
    if (strcmp(given, "-") != 0) {
        snprintf(options->address, sizeof options->address, "%s", given);
    } else if (!fgets(options->address, sizeof options->address, stdin)) {
        return wrong("standard input has no address");
    }
    options->address[strcspn(options->address, "\r\n")] = '\0';
    size_t length = strlen(options->address);
    return (text_is_utf8(options->address, length) && text_is_email(options->address, length)) ||
           wrong("--email is no e-mail address");
}

static bool take_option(struct options *options, int option) {
    switch (option) {
    case EMAIL:
        return take_address(options, optarg);
    case TEXTS:
        options->keep_texts = strcmp(optarg, "keep") == 0     ? "true"
                              : strcmp(optarg, "remove") == 0 ? "false"
                                                              : NULL;
        return options->keep_texts || wrong("--texts must be keep or remove");
    case AS:
        options->actor = optarg;
        return actor_is_name(optarg) || wrong("--as is no name");
    case YES:
        options->is_sure = true;
        return true;
    case HELP:
        options->help = true;
        return true;
    default: /* getopt_long has said what is wrong */
        return false;
    }
}

static bool parse_options(int argc, char **argv, struct options *options) {
    *options = (struct options){0};
    optind = 0; /* start anew, even when options were parsed before */
    for (int option; (option = getopt_long(argc, argv, "h", known_options, NULL)) != -1;) {
        if (!take_option(options, option)) {
            return false;
        }
        if (options->help) {
            return true;
        }
    }
    options->is_erasure = optind + 1 == argc && strcmp(argv[optind], "erase") == 0;
    if (!options->is_erasure && (optind + 1 != argc || strcmp(argv[optind], "export") != 0)) {
        return wrong("what to do must be export or erase");
    }
    if (!*options->address) {
        return wrong("--email is missing");
    }
    if (options->is_erasure && !options->keep_texts) {
        return wrong("--texts must say whether to keep or remove what the person has written");
    }
    return !options->is_erasure || options->is_sure ||
           wrong("what is erased cannot be brought back: erase needs --yes");
}

/* All cached pages are made anew. */
static bool tell_services(const struct config *config, char *error, size_t error_size) {
    return config->cache_mb == 0 || notify_services(config->shared_file, NOTIFY_WITHIN_MS, error,
                                                    error_size) != NOTIFY_FAILED;
}

/* Prints the JSON that PostgreSQL has made. */
static bool print(const PGresult *result) {
    json_t *value = json_loads(PQgetvalue(result, 0, 0), 0, NULL);
    bool ok = value && json_dumpf(value, stdout, JSON_INDENT(1)) == 0;
    putchar('\n');
    json_decref(value);
    return ok;
}

/* Caches are told before the commit too, which may happen when this process has been killed
 * (import/import.c). */
static PGresult *erase(struct moderation_session *session, const struct options *options,
                       const struct config *config, const char *actor, bool *is_told) {
    char error[512];
    const char *const parameters[] = {options->address, options->keep_texts, actor};
    (void)tell_services(config, error, sizeof error);
    PGresult *result = moderation_ask(session, MODERATION_STATEMENT_ERASE_PERSON, 3, parameters);
    *is_told = tell_services(config, error, sizeof error);
    lease_wait(config->lease_ms);
    if (!*is_told) {
        fprintf(stderr, "person: pages may be old until they expire: %s\n", error);
    }
    return result;
}

static PGresult *export_all(struct moderation_session *session, const struct options *options,
                            const char *actor) {
    const char *const parameters[] = {options->address, actor};
    return moderation_ask(session, MODERATION_STATEMENT_EXPORT_PERSON, 2, parameters);
}

static int run(const struct options *options, const struct config *config) {
    struct moderation_session session;
    char actor[ACTOR_SIZE];
    bool is_told = true, is_printed = false;
    PGresult *result = NULL;
    actor_name(options->actor, actor);
    if (moderation_open(&session, config->owner_database_url, MODERATION_AS_OWNER)) {
        result = options->is_erasure ? erase(&session, options, config, actor, &is_told)
                                     : export_all(&session, options, actor);
    }
    if (result) {
        is_printed = print(result);
    } else {
        fprintf(stderr, "person: %s\n", session.error);
    }
    PQclear(result);
    moderation_close(&session);
    return !is_printed ? STATUS_FAILED : is_told ? STATUS_OK : STATUS_UNTOLD;
}

int person_command(int argc, char **argv) {
    struct options options;
    struct config config;
    int status;
    if (!parse_options(argc, argv, &options)) {
        return STATUS_USAGE;
    }
    if (options.help) {
        (void)help_print("person");
        return STATUS_OK;
    }
    if (!command_load(&config, 1, argv, &status)) {
        return status;
    }
    status = run(&options, &config);
    config_free(&config);
    return status;
}

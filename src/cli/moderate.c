/* `atelier-qa moderate`: options, decisions, and what becomes of cached pages. */
#include "cli/moderate.h"

#include "cli/actor.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/help.h"
#include "cli/moderation_text.h"
#include "moderation/decision.h"
#include "moderation/session.h"
#include "ops/config_load.h"
#include "ops/number.h"
#include "pages/lease_wait.h"
#include "process/notify.h"
#include "rules/limits.h"
#include "rules/reason.h"
#include "rules/text.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT_LIMIT = 1000 };

struct options {
    const char *verb;
    const char *show, *search, *kind, *reason, *product; /* NULL: any */
    uint64_t count, page;
    const char *actor, *note; /* NULL: whoever is logged in; none */
    bool as_json;
    bool is_sure;
    bool help;
    char **items;
    int item_count;
};

static bool wrong(const char *what) {
    fprintf(stderr, "moderate: %s, see moderate --help\n", what);
    return false;
}

enum { HELP = 'h', SHOW = 256, SEARCH, KIND, REASON, PRODUCT, COUNT, PAGE, AS, NOTE, JSON, YES };

static const struct option known_options[] = {{"show", required_argument, NULL, SHOW},
                                              {"search", required_argument, NULL, SEARCH},
                                              {"kind", required_argument, NULL, KIND},
                                              {"reason", required_argument, NULL, REASON},
                                              {"product", required_argument, NULL, PRODUCT},
                                              {"count", required_argument, NULL, COUNT},
                                              {"page", required_argument, NULL, PAGE},
                                              {"as", required_argument, NULL, AS},
                                              {"note", required_argument, NULL, NOTE},
                                              {"json", no_argument, NULL, JSON},
                                              {"yes", no_argument, NULL, YES},
                                              {"help", no_argument, NULL, HELP},
                                              {NULL, 0, NULL, 0}};

static bool is_number(const char *text, uint64_t most, uint64_t *number) {
    return number_parse(text, strlen(text), 1, most, number);
}

static bool is_text(const char *text) {
    size_t length = strlen(text);
    return text_is_utf8(text, length) && text_is_filled(text, length, BODY_CHARACTERS_MAX);
}

static bool take_option(struct options *options, int option) {
    uint64_t number;
    switch (option) {
    case SHOW:
        options->show = optarg;
        return item_is_choice(optarg) || wrong("--show has another word");
    case SEARCH:
        options->search = optarg;
        return is_text(optarg) || wrong("--search is no text");
    case KIND:
        options->kind = optarg;
        return item_is_kind(optarg) || wrong("--kind must be question or answer");
    case REASON:
        options->reason = optarg;
        return reason_is_known(optarg) || wrong("--reason has another word");
    case PRODUCT:
        options->product = optarg;
        return is_number(optarg, PRODUCT_ID_MAX, &number) || wrong("--product is no product");
    case COUNT:
        return is_number(optarg, COUNT_LIMIT, &options->count) ||
               wrong("--count must be from 1 to 1000");
    case PAGE:
        return is_number(optarg, INT32_MAX, &options->page) || wrong("--page must be from 1");
    case AS:
        options->actor = optarg;
        return actor_is_name(optarg) || wrong("--as is no name");
    case NOTE:
        options->note = optarg;
        return is_text(optarg) || wrong("--note is no text");
    case JSON:
        options->as_json = true;
        return true;
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

static bool is_verb(const struct options *options, const char *verb) {
    return strcmp(options->verb, verb) == 0;
}

static bool decides(const struct options *options) {
    return decision_is_known(options->verb);
}

static bool lists(const struct options *options) {
    return is_verb(options, "list") || is_verb(options, "log") || is_verb(options, "held");
}

static bool check_item(const struct options *options, const char *name) {
    struct item item;
    if (decision_is_hold(options->verb)) {
        return item_parse_product(name, item.id) || wrong("a product is products/ID");
    }
    return item_parse(name, &item) || wrong("an item is questions/ID or answers/ID");
}

static bool check_items(const struct options *options) {
    if (lists(options)) {
        return options->item_count == 0 || wrong("list, log and held take no item");
    }
    if (!decides(options) && !is_verb(options, "show") && !decision_is_hold(options->verb)) {
        return wrong("there is no such thing to do");
    }
    for (int i = 0; i < options->item_count; i++) {
        if (!check_item(options, options->items[i])) {
            return false;
        }
    }
    if (is_verb(options, "erase") && !options->is_sure) {
        return wrong("what is erased cannot be brought back: erase needs --yes");
    }
    return options->item_count > 0 || wrong("an item is missing");
}

static bool parse_options(int argc, char **argv, struct options *options) {
    *options = (struct options){.show = "queue", .count = 20, .page = 1};
    optind = 0; /* start anew, even when options were parsed before */
    for (int option; (option = getopt_long(argc, argv, "h", known_options, NULL)) != -1;) {
        if (!take_option(options, option)) {
            return false;
        }
        if (options->help) {
            return true;
        }
    }
    if (optind == argc) {
        return wrong("what to do is missing");
    }
    options->verb = argv[optind];
    options->items = argv + optind + 1;
    options->item_count = argc - optind - 1;
    return check_items(options);
}

/* What one run of the command works with. */
struct work {
    const struct options *options;
    const struct config *config;
    char actor[ACTOR_SIZE];
    struct moderation_session session;
    bool is_untold; /* a service shows old pages until they expire */
};

static bool fail(const struct work *work, const char *item, const char *reason) {
    fprintf(stderr, "moderate: %s%s%s\n", item ? item : "", item ? ": " : "",
            reason ? reason : work->session.error);
    return false;
}

/* The value at this place, as JSON; NULL where it is null. The caller's. */
static json_t *json_at(const PGresult *result, int column) {
    return PQntuples(result) > 0 && !PQgetisnull(result, 0, column)
               ? json_loads(PQgetvalue(result, 0, column), JSON_DECODE_ANY, NULL)
               : NULL;
}

static void print_json(const json_t *value) {
    json_dumpf(value, stdout, JSON_INDENT(1));
    putchar('\n');
}

/* Runs a statement that makes one JSON value, and prints it. */
static bool print(struct work *work, enum moderation_statement statement, int count,
                  const char *const *parameters, const char *item,
                  void (*print_text)(const json_t *value)) {
    PGresult *result = moderation_ask(&work->session, statement, count, parameters);
    if (!result) {
        return fail(work, item, NULL);
    }
    json_t *value = json_at(result, 0);
    PQclear(result);
    if (!value) {
        return fail(work, item, item_why_not("missing"));
    }
    (work->options->as_json ? print_json : print_text)(value);
    json_decref(value);
    return true;
}

/* The list or the log. */
static bool list(struct work *work) {
    const struct options *options = work->options;
    char count[ITEM_ID_SIZE], skipped[ITEM_ID_SIZE];
    snprintf(count, sizeof count, "%" PRIu64, options->count);
    snprintf(skipped, sizeof skipped, "%" PRIu64, (options->page - 1) * options->count);
    const char *const page[] = {count, skipped};
    if (is_verb(options, "held")) {
        return print(work, MODERATION_STATEMENT_HELD, 2, page, NULL, moderation_text_held);
    }
    if (is_verb(options, "log")) {
        return print(work, MODERATION_STATEMENT_LOG, 2, page, NULL, moderation_text_log);
    }
    PGresult *adopted = moderation_ask(&work->session, MODERATION_STATEMENT_ADOPT, 0, NULL);
    if (!adopted) {
        return fail(work, NULL, NULL);
    }
    PQclear(adopted);
    const char *const wanted[] = {options->show,    options->search, options->kind, options->reason,
                                  options->product, count,           skipped};
    return print(work, MODERATION_STATEMENT_LIST, 7, wanted, NULL, moderation_text_list);
}

static struct notify_pages pages_of(const PGresult *result) {
    return (struct notify_pages){strtoll(PQgetvalue(result, 0, DECISION_PRODUCT), NULL, 10),
                                 strtoll(PQgetvalue(result, 0, DECISION_QUESTION), NULL, 10)};
}

/* Right after the commit. NULL: of all pages. */
static void tell_services(struct work *work, const char *item, const struct notify_pages *pages) {
    char error[512];
    if (work->config->cache_mb > 0 &&
        notify_services_of(work->config->shared_file, pages, NOTIFY_WITHIN_MS, error,
                           sizeof error) == NOTIFY_FAILED) {
        work->is_untold = true;
        fprintf(stderr, "moderate: %s: pages may be old until they expire: %s\n", item, error);
    }
}

/* There is no result of the decision. */
static void tell_failure(struct work *work, const char *item) {
    (void)fail(work, item, NULL);
    if (work->session.is_unknown) {
        (void)fail(work, item, "it may have been decided");
        tell_services(work, item, NULL);
    }
}

/* The one that is to be made, as yet about nothing. */
static struct decision new_decision(const struct work *work) {
    return (struct decision){
        .action = work->options->verb, .actor = work->actor, .note = work->options->note};
}

static bool decide(struct work *work, const char *name) {
    const struct options *options = work->options;
    struct decision decision = new_decision(work);
    if (!item_parse(name, &decision.item)) {
        return false;
    }
    const char *parameters[DECISION_PARAMETERS];
    int count;
    enum moderation_statement statement = decision_statement(&decision, parameters, &count);
    PGresult *result = moderation_ask(&work->session, statement, count, parameters);
    if (!result) {
        tell_failure(work, name);
        return false;
    }
    bool is_refused = !PQgetisnull(result, 0, DECISION_REFUSAL);
    if (is_refused) {
        (void)fail(work, name, item_why_not(PQgetvalue(result, 0, DECISION_REFUSAL)));
    } else {
        bool has_changed = !PQgetisnull(result, 0, DECISION_ENTRY);
        /* Without a change too: whoever made it may have died before it told anybody. */
        const struct notify_pages pages = pages_of(result);
        tell_services(work, name, &pages);
        lease_wait(work->config->lease_ms);
        json_t *now = json_at(result, DECISION_ITEM);
        if (options->as_json) {
            print_json(now);
        } else {
            moderation_text_decided(now, options->verb, has_changed);
        }
        json_decref(now);
    }
    PQclear(result);
    return !is_refused;
}

static bool show(struct work *work, const char *name) {
    struct item item;
    if (!item_parse(name, &item)) {
        return false;
    }
    const char *const wanted[] = {item.kind, item.id};
    return print(work, MODERATION_STATEMENT_SHOW, 2, wanted, name, moderation_text_item);
}

/* No page changes by it. */
static bool hold(struct work *work, const char *name) {
    struct decision decision = new_decision(work);
    if (!item_parse_product(name, decision.item.id)) {
        return false;
    }
    const char *parameters[DECISION_PARAMETERS];
    int count;
    enum moderation_statement statement = decision_statement(&decision, parameters, &count);
    return print(work, statement, count, parameters, name, moderation_text_hold);
}

static bool run(struct work *work) {
    const struct options *options = work->options;
    bool ok = true;
    if (options->item_count == 0) {
        return list(work);
    }
    bool (*act)(struct work *, const char *) = decision_is_hold(options->verb) ? hold
                                               : decides(options)              ? decide
                                                                               : show;
    for (int i = 0; i < options->item_count; i++) {
        ok = act(work, options->items[i]) && ok;
    }
    return ok;
}

int moderate_command(int argc, char **argv) {
    struct options options;
    struct config config;
    int status;
    if (!parse_options(argc, argv, &options)) {
        return STATUS_USAGE;
    }
    if (options.help) {
        (void)help_print("moderate");
        return STATUS_OK;
    }
    if (!command_load(&config, 1, argv, &status)) {
        return status;
    }
    struct work work = {.options = &options, .config = &config};
    actor_name(options.actor, work.actor);
    bool ok =
        moderation_open(&work.session, config.moderation_database_url, MODERATION_AS_MODERATOR);
    ok = ok ? run(&work) : fail(&work, NULL, NULL);
    moderation_close(&work.session);
    config_free(&config);
    return !ok ? STATUS_FAILED : work.is_untold ? STATUS_UNTOLD : STATUS_OK;
}

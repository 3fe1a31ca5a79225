/* Where moderators work, in a browser. */
#include "admin/desk.h"

#include "admin/app.h"
#include "admin/moderators.h"
#include "admin/page_files.h"
#include "admin/respond.h"
#include "db/embedded_sql.h"
#include "db/query.h"
#include "http/response.h"
#include "moderation/decision.h"
#include "ops/clock.h"
#include "ops/memory.h"
#include "qa/body.h"
#include "qa/commit_wait.h"
#include "qa/parameters.h"
#include "rules/limits.h"
#include "rules/reason.h"
#include "rules/text.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UNAUTHORIZED = 401, TOO_MANY_REQUESTS = 429, COUNT_OF_LIST = 20, TEXT_SIZE = 4096 };

static struct desk *desk_of(const struct http_request *request) {
    const struct admin_door *door = request->app;
    return door->admin->desk;
}

/* False, responded to, where there is no desk. */
static bool is_open(struct http_request *request) {
    if (!desk_of(request)) {
        http_respond_problem(request, 404, NULL,
                             "there is no moderation page: QA_MODERATION_TOKENS is not set");
    }
    return desk_of(request) != NULL;
}

static void show_file(struct http_request *request, const char *type,
                      const struct page_file *file) {
    if (is_open(request)) {
        respond_bytes(request, type, file->bytes, file->length);
    }
}

void desk_show_page(struct http_request *request) {
    show_file(request, "text/html; charset=utf-8", &page_file_moderation_html);
}

void desk_show_style(struct http_request *request) {
    show_file(request, "text/css; charset=utf-8", &page_file_moderation_css);
}

void desk_show_script(struct http_request *request) {
    show_file(request, "text/javascript; charset=utf-8", &page_file_moderation_js);
}

/* Who asks. */

/* Of `Bearer TOKEN`; "" where none follows, NULL where it is no such header. */
static const char *token_of(const struct http_request *request) {
    static const char scheme[] = "Bearer";
    const char *text = http_request_header(request, "Authorization");
    if (!text || strncasecmp(text, scheme, sizeof scheme - 1) != 0) {
        return NULL;
    }
    const char *rest = text + sizeof scheme - 1;
    return *rest == '\0' || *rest == ' ' ? rest + strspn(rest, " ") : NULL;
}

static void refuse(struct http_request *request, const char *detail) {
    struct MHD_Response *response = http_problem_response(UNAUTHORIZED, "Authorization", detail);
    http_add_header(response, "WWW-Authenticate", "Bearer");
    http_send(request, UNAUTHORIZED, response);
}

/* The moderator's name; NULL, responded to, where it is none. */
static const char *admit(struct http_request *request) {
    if (!is_open(request)) {
        return NULL;
    }
    const struct desk *desk = desk_of(request);
    const char *token = token_of(request), *name = NULL;
    char address[MODERATORS_ADDRESS_SIZE];
    if (!token) {
        refuse(request, "a moderator's token is needed: Authorization: Bearer TOKEN");
        return NULL;
    }
    http_request_peer(request, address, sizeof address);
    switch (moderators_find(desk->moderators, token, address, clock_ms(), &name)) {
    case MODERATORS_KNOWN:
        return name;
    case MODERATORS_UNKNOWN:
        log_write(desk->logger, LOG_LEVEL_WARNING, "a moderator's token is wrong", "{s:s}",
                  "client", *address ? address : "unix");
        refuse(request, "this is no moderator's token");
        return NULL;
    case MODERATORS_WAIT:
        break;
    }
    struct MHD_Response *response = http_problem_response(
        TOO_MANY_REQUESTS, NULL, "too many wrong tokens from this address; wait for a minute");
    http_add_header(response, "Retry-After", "60");
    http_send(request, TOO_MANY_REQUESTS, response);
    return NULL;
}

/* What the database says. */

static void respond_failure(struct http_request *request, enum errand_outcome outcome,
                            const PGresult *result, const char *reason) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (query_outcome_of(result) == QUERY_LOCKED) {
        http_respond_problem(request, 503, NULL, "somebody else changes it; try again in a moment");
        return;
    }
    log_write(desk_of(request)->logger, LOG_LEVEL_ERROR, "moderation failed", "{s:s, s:s}",
              "sqlstate", state ? state : "", "reason", message ? message : reason);
    if (outcome == ERRAND_UNKNOWN) {
        http_respond_problem(request, 504, NULL,
                             "the database did not respond in time; it may have been decided");
    } else if (outcome == ERRAND_REFUSED) {
        http_respond_problem(request, 503, NULL, "the database is away; try again in a moment");
    } else {
        http_respond_problem(request, 500, NULL,
                             "something unexpected happened; it has been logged");
    }
}

static void on_shown(void *owner, enum errand_outcome outcome, const PGresult *result,
                     const char *reason) {
    struct http_request *request = owner;
    if (outcome != ERRAND_DONE) {
        respond_failure(request, outcome, result, reason);
    } else if (PQntuples(result) == 0 || PQgetisnull(result, 0, 0)) {
        http_respond_problem(request, 404, "item", item_why_not("missing"));
    } else {
        char *text = memory_strdup(PQgetvalue(result, 0, 0));
        respond_own_text(request, "application/json", text, strlen(text));
    }
}

static int64_t number_at(const PGresult *result, int column) {
    return PQgetisnull(result, 0, column) ? 0 : strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

/* After sql/moderation/decide.sql or undo.sql. */
static void on_decided(void *owner, enum errand_outcome outcome, const PGresult *result,
                       const char *reason) {
    struct http_request *request = owner;
    const struct desk *desk = desk_of(request);
    if (outcome == ERRAND_UNKNOWN) {
        desk->invalidate(desk->owner, 0, 0);
    }
    if (outcome != ERRAND_DONE) {
        respond_failure(request, outcome, result, reason);
        return;
    }
    if (!PQgetisnull(result, 0, DECISION_REFUSAL)) {
        const char *refusal = PQgetvalue(result, 0, DECISION_REFUSAL);
        http_respond_problem(request, strcmp(refusal, "missing") == 0 ? 404 : 409, "item",
                             item_why_not(refusal));
        return;
    }
    /* Where nothing had to be done too: whoever did it may have died before this. */
    desk->invalidate(desk->owner, number_at(result, DECISION_PRODUCT),
                     number_at(result, DECISION_QUESTION));
    json_t *entry = PQgetisnull(result, 0, DECISION_ENTRY)
                        ? json_null()
                        : json_integer(number_at(result, DECISION_ENTRY));
    json_t *item = json_loads(PQgetvalue(result, 0, DECISION_ITEM), 0, NULL);
    json_t *decided = json_pack("{s:o, s:o}", "entry", entry, "item", item ? item : json_null());
    commit_wait_send(desk->commit_wait, request, MHD_HTTP_OK, response_of_json(decided));
}

static void run(struct http_request *request, const struct errand *errand) {
    if (!errands_run(desk_of(request)->errands, errand)) {
        http_respond_problem(request, 503, NULL, "too much to do; try again in a moment");
    }
}

static const char *sql_of(enum moderation_statement statement) {
    return embedded_moderation_statements[statement].text;
}

/* Reading. */

static const struct parameter parameter_show = {
    "show", 0, "show must be queue, waiting, hidden, approved, erased or all", item_choices};
static const struct parameter parameter_kind = {"kind", 0, "kind must be question or answer",
                                                item_kinds};
static const struct parameter parameter_reason = {
    "reason", 0, "reason must be spam, offensive, personal-data, wrong-product or other",
    reason_words};
static const struct parameter parameter_page = {"page", INT32_MAX, "page must be an integer from 1",
                                                NULL};
static const struct parameter parameter_count = {"count", 100,
                                                 "count must be an integer from 1 to 100", NULL};

/* False, responded to, where a parameter breaks its rule. */
static bool read_number(struct http_request *request, const struct parameter *parameter,
                        int64_t *number) {
    bool ok = parameters_query(parameter, &request->target, number);
    if (!ok) {
        http_respond_problem(request, 400, parameter->name, parameter->rule);
    }
    return ok;
}

/* A text without U+0000, "" where it is absent; false, responded to, where it is none. */
static bool read_text(struct http_request *request, const char *name, char text[TEXT_SIZE]) {
    struct http_text value = {"", 0};
    enum http_query_result found = http_target_query(&request->target, name, &value);
    size_t length = found == HTTP_QUERY_FOUND ? value.length : 0;
    if (found == HTTP_QUERY_MALFORMED || length >= TEXT_SIZE || memchr(value.data, '\0', length) ||
        !text_is_utf8(value.data, length)) {
        http_respond_problem(request, 400, name, "it must be a text of at most 4000 bytes");
        return false;
    }
    memcpy(text, value.data, length);
    text[length] = '\0';
    return true;
}

struct range {
    char count[ITEM_ID_SIZE], skipped[ITEM_ID_SIZE];
};

static bool read_range(struct http_request *request, struct range *range) {
    int64_t page = 1, count = COUNT_OF_LIST;
    if (!read_number(request, &parameter_page, &page) ||
        !read_number(request, &parameter_count, &count)) {
        return false;
    }
    snprintf(range->count, sizeof range->count, "%" PRId64, count);
    snprintf(range->skipped, sizeof range->skipped, "%" PRId64, (page - 1) * count);
    return true;
}

void desk_list(struct http_request *request) {
    int64_t show = 0, kind = -1, reason = -1, product = 0;
    char text[TEXT_SIZE], product_text[ITEM_ID_SIZE];
    struct range range;
    if (!admit(request) || !read_number(request, &parameter_show, &show) ||
        !read_number(request, &parameter_kind, &kind) ||
        !read_number(request, &parameter_reason, &reason) ||
        !read_number(request, &parameters_product_id, &product) || !read_text(request, "q", text) ||
        !read_range(request, &range)) {
        return;
    }
    snprintf(product_text, sizeof product_text, "%" PRId64, product);
    const struct errand errand = {
        .statements = {sql_of(MODERATION_STATEMENT_ADOPT), sql_of(MODERATION_STATEMENT_LIST)},
        .parameter_count = 7,
        .parameters = {item_choices[show], *text ? text : NULL, kind < 0 ? NULL : item_kinds[kind],
                       reason < 0 ? NULL : reason_words[reason], product == 0 ? NULL : product_text,
                       range.count, range.skipped},
        .on_done = on_shown,
        .owner = request,
    };
    run(request, &errand);
}

void desk_show(struct http_request *request) {
    char text[TEXT_SIZE];
    struct item item;
    if (!admit(request) || !read_text(request, "item", text)) {
        return;
    }
    if (!item_parse(text, &item)) {
        http_respond_problem(request, 400, "item", "item must be questions/ID or answers/ID");
        return;
    }
    const struct errand errand = {
        .statements = {sql_of(MODERATION_STATEMENT_SHOW)},
        .parameter_count = 2,
        .parameters = {item.kind, item.id},
        .on_done = on_shown,
        .owner = request,
    };
    run(request, &errand);
}

static void show_range(struct http_request *request, enum moderation_statement statement) {
    struct range range;
    if (!admit(request) || !read_range(request, &range)) {
        return;
    }
    const struct errand errand = {
        .statements = {sql_of(statement)},
        .parameter_count = 2,
        .parameters = {range.count, range.skipped},
        .on_done = on_shown,
        .owner = request,
    };
    run(request, &errand);
}

void desk_show_log(struct http_request *request) {
    show_range(request, MODERATION_STATEMENT_LOG);
}

void desk_show_products(struct http_request *request) {
    show_range(request, MODERATION_STATEMENT_HELD);
}

/* Deciding. */

/* Reads what is to be decided; its texts are the body's. NULL, or the field that breaks its rule,
 * and the rule. */
static const char *read_decision(const json_t *body, struct decision *decision,
                                 char entry_text[ITEM_ID_SIZE], const char **rule) {
    size_t length;
    const char *item = body_string(body, "item", &length);
    const json_t *entry = json_object_get(body, "entry");
    const json_t *note = json_object_get(body, "note");
    decision->action = body_string(body, "action", &length);
    bool holds = decision->action && decision_is_hold(decision->action);
    *rule = holds ? "item must be products/ID" : "item must be questions/ID or answers/ID";
    if (!item || !(holds ? item_parse_product(item, decision->item.id)
                         : item_parse(item, &decision->item))) {
        return "item";
    }
    *rule = "action must be approve, hide, restore, erase, undo, hold or release";
    if (!decision->action || !(holds || decision_is_known(decision->action))) {
        return "action";
    }
    decision->note = body_string(body, "note", &length);
    *rule = "note must be a text of 1 to " LIMIT_TEXT(BODY_CHARACTERS_MAX) " characters";
    if (note && !json_is_null(note) &&
        !(decision->note && text_is_filled(decision->note, length, BODY_CHARACTERS_MAX))) {
        return "note";
    }
    snprintf(entry_text, ITEM_ID_SIZE, "%lld", (long long)json_integer_value(entry));
    decision->entry = json_is_integer(entry) ? entry_text : NULL;
    *rule = "entry must be an integer";
    return entry && !decision->entry ? "entry" : NULL;
}

void desk_decide(struct http_request *request) {
    const char *moderator = admit(request);
    json_t *body = moderator ? body_read_object(request) : NULL;
    if (!body) {
        return;
    }
    struct decision decision = {.actor = moderator};
    char entry[ITEM_ID_SIZE];
    const char *rule, *wrong = read_decision(body, &decision, entry, &rule);
    if (wrong) {
        http_respond_problem(request, 400, wrong, rule);
        json_decref(body);
        return;
    }
    struct errand errand = {
        .on_done = decision_is_hold(decision.action) ? on_shown : on_decided,
        .owner = request,
    };
    errand.statements[0] =
        sql_of(decision_statement(&decision, errand.parameters, &errand.parameter_count));
    run(request, &errand);
    json_decref(body);
}

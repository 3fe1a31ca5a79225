/* Questions: a new one. */
#include "qa/questions.h"

#include "qa/body.h"
#include "qa/write.h"
#include "rules/limits.h"

#include <inttypes.h>
#include <stdio.h>

static const struct write_kind additions = {
    .usual = {STATEMENT_ADD_QUESTIONS, STATEMENT_COUNT, STATEMENT_COUNT, 0},
    WRITE_ONCE(STATEMENT_ADD_QUESTIONS_ONCE, STATEMENT_COUNT)};

static void on_added(void *owner, enum query_outcome outcome, const PGresult *result, int row) {
    struct http_request *request = owner;
    char location[64];
    snprintf(location, sizeof location, "/qa/questions?product_id=%" PRId64, request->subject);
    write_respond(request, outcome, result, row, &(struct write_ending){.location = location});
}

static const struct parameter product_id_in_path = {
    "product_id", PRODUCT_ID_MAX,
    "product_id must be an integer from 1 to " LIMIT_TEXT(PRODUCT_ID_MAX), NULL};

void questions_add(struct http_request *request) {
    int64_t in_path = 0, in_query = 0, in_body = 0;
    if (request->parameter.length > 0 && !write_read_id(request, &product_id_in_path, &in_path)) {
        return;
    }
    struct body body;
    if (!body_read(request, &body)) {
        return;
    }
    bool ok = body_read_product_id(&body, &in_body) &&
              parameters_query(&parameters_product_id, &request->target, &in_query);
    request->subject = in_body ? in_body : in_path ? in_path : in_query;
    if (!ok || request->subject == 0) {
        http_respond_problem(request, 400, parameters_product_id.name, parameters_product_id.rule);
    } else {
        json_t *item = json_pack("{s:I, s:O, s:O, s:O}", "product_id", (json_int_t)request->subject,
                                 "body", json_object_get(body.fields, "body"), "name",
                                 json_object_get(body.fields, "name"), "email",
                                 json_object_get(body.fields, "email"));
        write_submit_new(request, &additions, 0, item, on_added);
    }
    body_free(&body);
}

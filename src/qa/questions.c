/* Questions of a product: the list, and a new one. */
#include "qa/questions.h"

#include "qa/app.h"
#include "qa/body.h"
#include "qa/outcome.h"
#include "qa/parameters.h"

#include <inttypes.h>
#include <stdio.h>

static void on_list(void *owner, enum query_outcome outcome, PGresult *result) {
    struct http_request *request = owner;
    if (outcome != QUERY_DONE) {
        respond_read_failure(request, outcome, result);
        return;
    }
    http_respond_content(request, "application/json", body_of_result(result));
}

void list_questions(struct http_request *request) {
    const struct app *app = request->app;
    int64_t product_id = 0;
    struct paging paging;
    if (!read_query_product_id(request, &product_id)) {
        return;
    }
    if (product_id == 0) {
        refuse_product_id(request);
        return;
    }
    if (!read_paging(request, &paging)) {
        return;
    }
    char product[24], count[24], offset[24], answers[24];
    snprintf(product, sizeof product, "%" PRId64, product_id);
    snprintf(count, sizeof count, "%" PRId64, paging.count);
    snprintf(offset, sizeof offset, "%" PRId64, paging.offset);
    snprintf(answers, sizeof answers, "%" PRId64, app->answers_per_question);
    const char *const parameters[] = {product, count, offset, answers};
    pool_read(app->pool, STATEMENT_LIST_QUESTIONS, 4, parameters, on_list, request);
}

static void on_added(void *owner, enum query_outcome outcome, PGresult *result) {
    struct http_request *request = owner;
    if (outcome != QUERY_DONE) {
        respond_write_failure(request, outcome, result);
        return;
    }
    char location[64];
    snprintf(location, sizeof location, "/qa/questions?product_id=%" PRId64, request->subject);
    http_respond_created(request, location, body_of_result(result));
}

void add_question(struct http_request *request) {
    const struct app *app = request->app;
    int64_t in_path = 0, in_query = 0, in_body = 0;
    if (request->parameter.length > 0 &&
        !read_path_id(request, "product_id", PRODUCT_ID_MAX, &in_path)) {
        return;
    }
    struct body body;
    if (!read_body(request, &body)) {
        return;
    }
    bool ok =
        read_body_product_id(request, &body, &in_body) && read_query_product_id(request, &in_query);
    request->subject = in_body ? in_body : in_path ? in_path : in_query;
    if (ok && request->subject == 0) {
        ok = refuse_product_id(request);
    }
    if (ok) {
        char product[24];
        snprintf(product, sizeof product, "%" PRId64, request->subject);
        const char *const parameters[] = {product, body.text, body.name, body.email};
        pool_write(app->pool, STATEMENT_ADD_QUESTION, 4, parameters, on_added, request);
    }
    body_free(&body);
}

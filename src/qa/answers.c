/* Answers of a question: the list, and a new one. */
#include "qa/answers.h"

#include "qa/app.h"
#include "qa/body.h"
#include "qa/outcome.h"
#include "qa/parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void on_list(void *owner, enum query_outcome outcome, PGresult *result) {
    struct http_request *request = owner;
    if (outcome != QUERY_DONE) {
        respond_read_failure(request, outcome, result);
        return;
    }
    http_respond_content(request, "application/json", body_of_result(result));
}

void list_answers(struct http_request *request) {
    const struct app *app = request->app;
    int64_t question_id;
    struct paging paging;
    if (!read_path_id(request, "question_id", INT64_MAX, &question_id) ||
        !read_paging(request, &paging)) {
        return;
    }
    char question[24], page[24], count[24], offset[24];
    snprintf(question, sizeof question, "%" PRId64, question_id);
    snprintf(page, sizeof page, "%" PRId64, paging.page);
    snprintf(count, sizeof count, "%" PRId64, paging.count);
    snprintf(offset, sizeof offset, "%" PRId64, paging.offset);
    const char *const parameters[] = {question, page, count, offset};
    pool_read(app->pool, STATEMENT_LIST_ANSWERS, 4, parameters, on_list, request);
}

static void on_added(void *owner, enum query_outcome outcome, PGresult *result) {
    struct http_request *request = owner;
    if (outcome != QUERY_DONE) {
        respond_write_failure(request, outcome, result);
        return;
    }
    if (PQntuples(result) == 0) {
        PQclear(result);
        http_respond_problem(request, 404, "question_id", "there is no question with this id");
        return;
    }
    char location[64];
    snprintf(location, sizeof location, "/qa/questions/%" PRId64 "/answers", request->subject);
    http_respond_created(request, location, body_of_result(result));
}

void add_answer(struct http_request *request) {
    const struct app *app = request->app;
    struct body body;
    if (!read_path_id(request, "question_id", INT64_MAX, &request->subject) ||
        !read_body(request, &body)) {
        return;
    }
    char *photos = NULL;
    if (read_body_photos(request, &body, &photos)) {
        char question[24];
        snprintf(question, sizeof question, "%" PRId64, request->subject);
        const char *const parameters[] = {question, body.text, body.name, body.email, photos};
        pool_write(app->pool, STATEMENT_ADD_ANSWER, 5, parameters, on_added, request);
    }
    free(photos);
    body_free(&body);
}

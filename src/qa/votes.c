/* Votes and reports. */
#include "qa/votes.h"

#include "qa/app.h"
#include "qa/outcome.h"
#include "qa/parameters.h"

#include <inttypes.h>
#include <stdio.h>

static void on_changed(struct http_request *request, enum query_outcome outcome, PGresult *result,
                       const char *name, const char *unknown) {
    if (outcome != QUERY_DONE) {
        respond_write_failure(request, outcome, result);
        return;
    }
    int rows = PQntuples(result);
    PQclear(result);
    if (rows == 0) {
        http_respond_problem(request, 404, name, unknown);
    } else {
        http_respond_no_content(request);
    }
}

static void on_question_changed(void *owner, enum query_outcome outcome, PGresult *result) {
    on_changed(owner, outcome, result, "question_id", "there is no question with this id");
}

static void on_answer_changed(void *owner, enum query_outcome outcome, PGresult *result) {
    on_changed(owner, outcome, result, "answer_id", "there is no answer with this id");
}

static void change(struct http_request *request, enum statement statement, const char *name,
                   query_on_done *on_done) {
    const struct app *app = request->app;
    int64_t id;
    if (!read_path_id(request, name, INT64_MAX, &id)) {
        return;
    }
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, id);
    const char *const parameters[] = {text};
    pool_write(app->pool, statement, 1, parameters, on_done, request);
}

void vote_question(struct http_request *request) {
    change(request, STATEMENT_VOTE_QUESTION, "question_id", on_question_changed);
}

void vote_answer(struct http_request *request) {
    change(request, STATEMENT_VOTE_ANSWER, "answer_id", on_answer_changed);
}

void report_question(struct http_request *request) {
    change(request, STATEMENT_REPORT_QUESTION, "question_id", on_question_changed);
}

void report_answer(struct http_request *request) {
    change(request, STATEMENT_REPORT_ANSWER, "answer_id", on_answer_changed);
}

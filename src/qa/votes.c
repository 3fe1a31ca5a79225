/* Votes and reports. */
#include "qa/votes.h"

#include "qa/app.h"
#include "qa/outcome.h"
#include "qa/report_body.h"
#include "qa/write.h"

static void on_changed(struct http_request *request, enum query_outcome outcome,
                       const PGresult *result, int row, const char *name, const char *unknown) {
    if (outcome != QUERY_DONE) {
        outcome_respond_write_failure(request, outcome, result);
    } else if (row < 0) {
        http_respond_problem(request, 404, name, unknown);
    } else {
        write_respond(request, result, row, 204, http_no_content_response());
    }
}

static void on_question_changed(void *owner, enum query_outcome outcome, const PGresult *result,
                                int row) {
    on_changed(owner, outcome, result, row, "question_id", "there is no question with this id");
}

static void on_answer_changed(void *owner, enum query_outcome outcome, const PGresult *result,
                              int row) {
    on_changed(owner, outcome, result, row, "answer_id", "there is no answer with this id");
}

static void vote(struct http_request *request, const struct write_form *form,
                 const struct parameter *parameter, call_on_done *on_done) {
    int64_t id;
    if (write_read_id(request, parameter, &id)) {
        write_submit_id(request, form, id, on_done);
    }
}

static void report(struct http_request *request, const struct write_form *form,
                   const struct parameter *parameter, call_on_done *on_done) {
    const struct app *app = request->app;
    int64_t id;
    if (write_read_id(request, parameter, &id)) {
        json_t *item = report_body_read(request);
        json_object_set_new(item, "id", json_integer(id));
        json_object_set_new(item, "hide_at", json_integer(app->reports_to_hide));
        write_submit_json(request, form, id, item, on_done);
    }
}

void votes_vote_question(struct http_request *request) {
    static const struct write_form form = {STATEMENT_VOTE_QUESTIONS, STATEMENT_VOTE_QUESTION,
                                           STATEMENT_UNLOCKED_QUESTIONS};
    vote(request, &form, &parameters_question_id, on_question_changed);
}

void votes_vote_answer(struct http_request *request) {
    static const struct write_form form = {STATEMENT_VOTE_ANSWERS, STATEMENT_VOTE_ANSWER,
                                           STATEMENT_UNLOCKED_ANSWERS};
    vote(request, &form, &parameters_answer_id, on_answer_changed);
}

void votes_report_question(struct http_request *request) {
    static const struct write_form form = {STATEMENT_REPORT_QUESTIONS, STATEMENT_COUNT,
                                           STATEMENT_UNLOCKED_QUESTIONS};
    report(request, &form, &parameters_question_id, on_question_changed);
}

void votes_report_answer(struct http_request *request) {
    static const struct write_form form = {STATEMENT_REPORT_ANSWERS, STATEMENT_COUNT,
                                           STATEMENT_UNLOCKED_ANSWERS};
    report(request, &form, &parameters_answer_id, on_answer_changed);
}

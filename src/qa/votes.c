/* Votes, votes that are taken back, and reports. */
#include "qa/votes.h"

#include "qa/app.h"
#include "qa/report_body.h"
#include "qa/write.h"

static void on_question_changed(void *owner, enum query_outcome outcome, const PGresult *result,
                                int row) {
    static const struct write_ending ending = {.field = "question_id",
                                               .unknown = "there is no question with this id"};
    write_respond(owner, outcome, result, row, &ending);
}

static void on_answer_changed(void *owner, enum query_outcome outcome, const PGresult *result,
                              int row) {
    static const struct write_ending ending = {.field = "answer_id",
                                               .unknown = "there is no answer with this id"};
    write_respond(owner, outcome, result, row, &ending);
}

static void on_question_unvoted(void *owner, enum query_outcome outcome, const PGresult *result,
                                int row) {
    static const struct write_ending ending = {
        .field = "question_id",
        .unknown = "there is no vote of this voter for a question with this id"};
    write_respond(owner, outcome, result, row, &ending);
}

static void on_answer_unvoted(void *owner, enum query_outcome outcome, const PGresult *result,
                              int row) {
    static const struct write_ending ending = {
        .field = "answer_id",
        .unknown = "there is no vote of this voter for an answer with this id"};
    write_respond(owner, outcome, result, row, &ending);
}

static void vote(struct http_request *request, const struct write_kind *kind,
                 const struct parameter *parameter, call_on_done *on_done) {
    int64_t id;
    if (write_read_id(request, parameter, &id)) {
        write_submit_id(request, kind, id, on_done);
    }
}

static void report(struct http_request *request, const struct write_kind *kind,
                   const struct parameter *parameter, call_on_done *on_done) {
    const struct app *app = request->app;
    int64_t id;
    if (write_read_id(request, parameter, &id)) {
        json_t *item = report_body_read(request);
        json_object_set_new(item, "id", json_integer(id));
        json_t *rules = json_pack("{s:I}", "hide_at", (json_int_t)app->reports_to_hide);
        write_submit_json(request, kind, id, item, rules, on_done);
    }
}

void votes_vote_question(struct http_request *request) {
    static const struct write_kind votes = {
        .voter = WRITE_OF_VOTER,
        .usual = {STATEMENT_VOTE_QUESTIONS, STATEMENT_VOTE_QUESTION, STATEMENT_UNLOCKED_QUESTIONS,
                  0},
        WRITE_ONCE(STATEMENT_VOTE_QUESTIONS_ONCE, STATEMENT_UNLOCKED_QUESTIONS)};
    vote(request, &votes, &parameters_question_id, on_question_changed);
}

void votes_vote_answer(struct http_request *request) {
    static const struct write_kind votes = {
        .voter = WRITE_OF_VOTER,
        .usual = {STATEMENT_VOTE_ANSWERS, STATEMENT_VOTE_ANSWER, STATEMENT_UNLOCKED_ANSWERS, 0},
        WRITE_ONCE(STATEMENT_VOTE_ANSWERS_ONCE, STATEMENT_UNLOCKED_ANSWERS)};
    vote(request, &votes, &parameters_answer_id, on_answer_changed);
}

void votes_unvote_question(struct http_request *request) {
    static const struct write_kind votes = {
        .voter = WRITE_NEEDS_VOTER,
        .usual = {WRITE_NEVER},
        WRITE_ONCE(STATEMENT_UNVOTE_QUESTIONS, STATEMENT_UNLOCKED_QUESTIONS)};
    vote(request, &votes, &parameters_question_id, on_question_unvoted);
}

void votes_unvote_answer(struct http_request *request) {
    static const struct write_kind votes = {
        .voter = WRITE_NEEDS_VOTER,
        .usual = {WRITE_NEVER},
        WRITE_ONCE(STATEMENT_UNVOTE_ANSWERS, STATEMENT_UNLOCKED_ANSWERS)};
    vote(request, &votes, &parameters_answer_id, on_answer_unvoted);
}

void votes_report_question(struct http_request *request) {
    static const struct write_kind reports = {
        .voter = WRITE_OF_VOTER,
        .usual = {STATEMENT_REPORT_QUESTIONS, STATEMENT_COUNT, STATEMENT_UNLOCKED_QUESTIONS, 0},
        WRITE_ONCE(STATEMENT_REPORT_QUESTIONS_ONCE, STATEMENT_UNLOCKED_QUESTIONS)};
    report(request, &reports, &parameters_question_id, on_question_changed);
}

void votes_report_answer(struct http_request *request) {
    static const struct write_kind reports = {
        .voter = WRITE_OF_VOTER,
        .usual = {STATEMENT_REPORT_ANSWERS, STATEMENT_COUNT, STATEMENT_UNLOCKED_ANSWERS, 0},
        WRITE_ONCE(STATEMENT_REPORT_ANSWERS_ONCE, STATEMENT_UNLOCKED_ANSWERS)};
    report(request, &reports, &parameters_answer_id, on_answer_changed);
}

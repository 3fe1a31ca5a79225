/* The table of routes: every path of the service in one place. */
#include "qa/routes.h"

#include "qa/answers.h"
#include "qa/document.h"
#include "qa/list_request.h"
#include "qa/lists.h"
#include "qa/probes.h"
#include "qa/questions.h"
#include "qa/votes.h"

#include <stddef.h>

const struct http_route qa_routes[] = {
    {HTTP_GET, LIST_REQUEST_QUESTIONS, lists_serve, NULL},
    {HTTP_POST, LIST_REQUEST_QUESTIONS, questions_add, NULL},
    {HTTP_POST, "/qa/questions/:product_id", questions_add, NULL},
    {HTTP_GET, LIST_REQUEST_QUESTION, lists_serve, NULL},
    {HTTP_GET, LIST_REQUEST_ANSWERS, lists_serve, NULL},
    {HTTP_POST, LIST_REQUEST_ANSWERS, answers_add, NULL},
    {HTTP_GET, "/qa/counts", lists_serve_counts, NULL},
    {HTTP_PUT, "/qa/questions/:question_id/helpful", votes_vote_question, NULL},
    {HTTP_DELETE, "/qa/questions/:question_id/helpful", votes_unvote_question, NULL},
    {HTTP_PUT, "/qa/questions/:question_id/report", votes_report_question, NULL},
    {HTTP_PUT, "/qa/answers/:answer_id/helpful", votes_vote_answer, NULL},
    {HTTP_DELETE, "/qa/answers/:answer_id/helpful", votes_unvote_answer, NULL},
    {HTTP_PUT, "/qa/answers/:answer_id/report", votes_report_answer, NULL},
    {HTTP_GET, "/q/:question_id", document_serve, NULL},
    {HTTP_GET, "/healthz", probes_show_health, NULL},
    {HTTP_GET, "/readyz", probes_show_readiness, NULL},
    {HTTP_GET, "/:loaderio_file", probes_show_loaderio_token, probes_is_loaderio_token},
    {0, NULL, NULL, NULL},
};

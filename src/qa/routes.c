/* The table of routes: every path of the service in one place. */
#include "qa/routes.h"

#include "qa/answers.h"
#include "qa/probes.h"
#include "qa/questions.h"
#include "qa/votes.h"

#include <stddef.h>

const struct http_route qa_routes[] = {
    {HTTP_GET, "/qa/questions", list_questions, NULL},
    {HTTP_POST, "/qa/questions", add_question, NULL},
    {HTTP_POST, "/qa/questions/:product_id", add_question, NULL},
    {HTTP_GET, "/qa/questions/:question_id/answers", list_answers, NULL},
    {HTTP_POST, "/qa/questions/:question_id/answers", add_answer, NULL},
    {HTTP_PUT, "/qa/questions/:question_id/helpful", vote_question, NULL},
    {HTTP_PUT, "/qa/questions/:question_id/report", report_question, NULL},
    {HTTP_PUT, "/qa/answers/:answer_id/helpful", vote_answer, NULL},
    {HTTP_PUT, "/qa/answers/:answer_id/report", report_answer, NULL},
    {HTTP_GET, "/healthz", show_health, NULL},
    {HTTP_GET, "/readyz", show_readiness, NULL},
    {HTTP_GET, "/:loaderio_file", show_loaderio_token, is_loaderio_token},
    {0, NULL, NULL, NULL},
};

/* Answers of a question: the list, and a new one. */
#pragma once

#include "http/request.h"

/* GET /qa/questions/:question_id/answers?page=&count= */
void list_answers(struct http_request *request);

/* POST /qa/questions/:question_id/answers: the answer and its photos in one transaction. */
void add_answer(struct http_request *request);

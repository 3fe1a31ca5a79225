/* Answers of a question: the list, and a new one. */
#pragma once

#include "http/request.h"

/* GET /qa/questions/:question_id/answers?page=&count= */
void answers_list(struct http_request *request);

/* POST /qa/questions/:question_id/answers: the answer and its photos in one transaction. */
void answers_add(struct http_request *request);

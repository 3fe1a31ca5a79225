/* Answers: a new one. */
#pragma once

#include "http/request.h"

/* POST /qa/questions/:question_id/answers: the answer and its photos in one transaction. */
void answers_add(struct http_request *request);

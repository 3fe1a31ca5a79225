/* Votes and reports: PUT .../helpful counts one up, PUT .../report hides. 204, or 404 for an id
 * that nobody has. */
#pragma once

#include "http/request.h"

void vote_question(struct http_request *request);
void vote_answer(struct http_request *request);
void report_question(struct http_request *request);
void report_answer(struct http_request *request);

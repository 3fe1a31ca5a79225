/* Votes and reports: PUT .../helpful counts one up, DELETE .../helpful takes the vote of a voter
 * back, PUT .../report counts a report, which hides from QA_REPORTS_TO_HIDE on. 204, or 404 for
 * what there is none of. */
#pragma once

#include "http/request.h"

void votes_vote_question(struct http_request *request);
void votes_vote_answer(struct http_request *request);
void votes_unvote_question(struct http_request *request);
void votes_unvote_answer(struct http_request *request);
void votes_report_question(struct http_request *request);
void votes_report_answer(struct http_request *request);

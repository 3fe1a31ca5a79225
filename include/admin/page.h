/* GET /status: the page for people, which shows /status.json and asks for it again and again. */
#pragma once

#include "http/request.h"

void page_show(struct http_request *request);
void page_show_style(struct http_request *request);
void page_show_script(struct http_request *request);

/* GET /: leads to the page. */
void page_lead_to_status(struct http_request *request);

/* GET /status.json and /status.txt: how the service does, for the page and for terminals. */
#pragma once

#include "http/request.h"

void status_show_json(struct http_request *request);
void status_show_text(struct http_request *request);

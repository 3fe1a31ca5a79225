/* GET /metrics: all numbers, in Prometheus' text format (ops/metrics_text.h). */
#pragma once

#include "http/request.h"

void metrics_page_show(struct http_request *request);

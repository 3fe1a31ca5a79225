/* GET /config: which settings are in force, and where each came from (ops/config_report.h). */
#pragma once

#include "http/request.h"

void admin_show_settings(struct http_request *request);

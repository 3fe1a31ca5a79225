/* How the service does, as JSON. */
#pragma once

#include "admin/admin.h"

#include <jansson.h>

/* The caller's, to be released. */
json_t *status_json(const struct admin *admin, const struct service_view *view, int64_t now_ms);

/* How the service does, as JSON. */
#pragma once

#include "admin/app.h"
#include "ops/pause.h"

#include <jansson.h>

/* `sum` are the metrics now; NULL: there are none. The caller's, to be released. */
json_t *status_json(const struct admin *admin, const struct service_view *view,
                    const struct metrics_sum *sum, const struct pause_progress *pause,
                    int64_t now_ms);

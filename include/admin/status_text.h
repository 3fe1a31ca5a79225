/* How the service does, as a text for a terminal. */
#pragma once

#include "admin/figures.h"
#include "admin/view.h"
#include "ops/pause.h"

/* `rates` of the last seconds and the metrics' `sum`; NULL: there are none. To be released with
 * free(). */
char *status_text(const struct service_view *view, const struct figures_rates *rates,
                  const struct metrics_sum *sum, const struct pause_progress *pause,
                  int64_t now_ms);

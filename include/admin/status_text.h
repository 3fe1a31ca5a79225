/* How the service does, as a text for a terminal. */
#pragma once

#include "admin/view.h"

/* To be released with free(). */
char *status_text(const struct service_view *view, int64_t now_ms);

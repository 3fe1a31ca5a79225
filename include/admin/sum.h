/* The sums of all metrics, with what the admin process itself sees. */
#pragma once

#include "admin/app.h"

/* The sums now, to be released with free(); NULL: those of the supervisor cannot be read. */
struct metrics_sum *admin_sum(const struct admin *admin);

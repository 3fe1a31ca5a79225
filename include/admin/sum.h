/* The sums of all metrics, and what the admin process itself sees. */
#pragma once

#include "admin/app.h"

/* The sums now, to be released with free(); NULL: those of the supervisor cannot be read. What this
 * process sees is still to be filled in. */
struct metrics_sum *admin_sum(const struct admin *admin);

/* Fills that in: a pause, the supervisor's silence, and the end of the certificate, whose file is
 * read. */
void admin_see(const struct admin *admin, struct metrics_seen *seen);

/* The names that metrics have for routes and statements: they are part of a worker's layout, and of
 * what is shown. */
#pragma once

#include "ops/metrics_table.h"

struct metrics_names qa_metrics_names(void);

/* Metrics as text, in Prometheus' format (text/plain; version=0.0.4). */
#pragma once

#include "ops/metrics_table.h"

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* All metrics of a sum (metrics_memory_sum(), ops/metrics_memory.h). Of a histogram only series
 * that have counted something are there. To be released with free(); NULL when out of memory. */
__attribute__((warn_unused_result)) char *
metrics_text(const struct metrics_sum *sum, const struct metrics_names *names, size_t *length);

/* The same to a stream. */
void metrics_write(FILE *out, const struct metrics_sum *sum, const struct metrics_names *names);

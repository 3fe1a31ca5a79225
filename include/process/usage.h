/* What a process takes of the machine, for the metrics. */
#pragma once

#include "ops/metrics.h"

/* Zeros at first. */
struct usage {
    uint64_t cpu_us; /* that have been counted */
};

/* To be called now and then: counts the processor time since the last call, and the memory that is
 * the process's own. */
void usage_note(struct usage *usage, struct metrics *metrics);

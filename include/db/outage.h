/*
 * An outage as the log tells it: each reason once, with the time of the first sign, and its end
 * with how long it took. Reasons that differ in numbers only, such as process ids, are the same.
 */
#pragma once

#include "ops/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTAGE_REASONS_MAX = 16, OUTAGE_REASON_LENGTH = 160 };

/* Begins zeroed: no outage. */
struct outage {
    bool is_of_standbys; /* which only help: it is told as a warning */
    size_t reason_count; /* 0: no outage */
    char reasons[OUTAGE_REASONS_MAX][OUTAGE_REASON_LENGTH];
    int64_t since_ms;
    char since[LOG_TIME_SIZE];
};

/* Writes `message` and `reason`, unless this outage has had that reason, or too many others. */
void outage_note(struct outage *outage, const struct logger *logger, const char *message,
                 const char *reason);

/* Writes that it is over, if there is one. */
void outage_end(struct outage *outage, const struct logger *logger);

/*
 * The log of slow requests: each that took longer than a limit is one line, with the parts of its
 * time. When a stall makes all requests slow, only the first of each second are logged, and the
 * next line tells how many were left out.
 */
#pragma once

#include "http/request.h"
#include "ops/log.h"

struct slow_log {
    int64_t limit_us; /* 0: off */
    int64_t second;   /* in which the last line was written */
    int lines;        /* of that second */
    long long left_out;
};

/* To be called once for each request, at its end, which is at a clock_us(). */
void slow_log_note(struct slow_log *log, const struct logger *logger,
                   const struct http_request *request, int64_t now_us);

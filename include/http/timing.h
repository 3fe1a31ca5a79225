/*
 * Where the time of a request went. It is noted on the way of the request, shown as the header
 * Server-Timing where a setting says so, and logged where the request was slow (http/slow_log.h).
 */
#pragma once

#include "db/call_times.h"

#include <stdbool.h>
#include <stddef.h>

enum http_cache { HTTP_CACHE_NOT_ASKED, HTTP_CACHE_HIT, HTTP_CACHE_MISS };

struct http_timing {
    int64_t began_us; /* when the first line had been read, by clock_us() */
    enum http_cache cache;
    struct call_times query; /* of the call that the request waited for */
};

enum { HTTP_TIMING_SIZE = 96 };

/* Writes the value of Server-Timing. False: nothing is known, and `text` is "". */
bool http_timing_write(const struct http_timing *timing, char text[HTTP_TIMING_SIZE]);

/* "hit" or "miss"; NULL: no page was looked for. */
const char *http_timing_cache(const struct http_timing *timing);

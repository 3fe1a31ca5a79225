/* Where the time of a request went. */
#include "http/timing.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const char *http_timing_cache(const struct http_timing *timing) {
    switch (timing->cache) {
    case HTTP_CACHE_HIT:
        return "hit";
    case HTTP_CACHE_MISS:
        return "miss";
    case HTTP_CACHE_NOT_ASKED:
        break;
    }
    return NULL;
}

/* Adds a metric (W3C Server Timing, 4); there is room for all of them. */
__attribute__((format(printf, 3, 4))) static size_t add(char text[HTTP_TIMING_SIZE], size_t length,
                                                        const char *format, ...) {
    va_list arguments;
    length +=
        (size_t)snprintf(text + length, HTTP_TIMING_SIZE - length, "%s", length > 0 ? ", " : "");
    va_start(arguments, format);
    length += (size_t)vsnprintf(text + length, HTTP_TIMING_SIZE - length, format, arguments);
    va_end(arguments);
    return length;
}

static size_t add_duration(char text[HTTP_TIMING_SIZE], size_t length, const char *name,
                           int64_t us) {
    return add(text, length, "%s;dur=%" PRId64 ".%03" PRId64, name, us / 1000, us % 1000);
}

bool http_timing_write(const struct http_timing *timing, char text[HTTP_TIMING_SIZE]) {
    const struct call_times *query = &timing->query;
    const char *cache = http_timing_cache(timing);
    size_t length = 0;
    text[0] = '\0';
    if (cache) {
        length = add(text, length, "cache;desc=%s", cache);
    }
    if (query->completed_us) {
        length = add_duration(text, length, "queue", call_times_queue_us(query));
    }
    if (query->completed_us && query->sent_us) {
        length = add_duration(text, length, "db", call_times_db_us(query));
    }
    return length > 0;
}

/* The log of slow requests. */
#include "http/slow_log.h"

#include "http/route.h"

enum { LINES_A_SECOND = 20, SECOND_US = 1000000 };

/* Counts one that is left out. */
static bool has_room(struct slow_log *log, int64_t now_us) {
    int64_t second = now_us / SECOND_US;
    if (second != log->second) {
        log->second = second;
        log->lines = 0;
    }
    if (log->lines == LINES_A_SECOND) {
        log->left_out++;
        return false;
    }
    log->lines++;
    return true;
}

void slow_log_note(struct slow_log *log, const struct logger *logger,
                   const struct http_request *request, int64_t now_us) {
    const struct call_times *query = &request->timing.query;
    if (log->limit_us == 0) {
        return;
    }
    int64_t total_us = now_us - request->timing.began_us;
    if (total_us < log->limit_us || !has_room(log, now_us)) {
        return;
    }
    log_write(logger, LOG_LEVEL_INFO, "slow request",
              "{s:s, s:s*, s:s, s:s, s:i, s:s*, s:I, s:I, s:I, s:I}", "request_id",
              http_request_id(request), "traceparent", http_request_traceparent(request), "method",
              http_method_name(request->method), "route",
              request->route ? request->route->pattern : "none", "status", (int)request->status,
              "cache", http_timing_cache(&request->timing), "total_ms",
              (long long)(total_us / 1000), "queue_ms",
              (long long)(query->completed_us ? call_times_queue_us(query) / 1000 : 0), "db_ms",
              (long long)(query->completed_us ? call_times_db_us(query) / 1000 : 0), "left_out",
              log->left_out);
    log->left_out = 0;
}

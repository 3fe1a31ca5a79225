/* An outage as the log tells it. */
#include "db/outage.h"

#include "ops/clock.h"

#include <string.h>

/* What makes a reason: neither where libpq tried to connect nor any number. */
static void make_key(char *key, const char *reason) {
    static const char attempt[] = "failed: ";
    for (const char *found; (found = strstr(reason, attempt));) {
        reason = found + sizeof attempt - 1;
    }
    size_t length = 0;
    for (; *reason && length < OUTAGE_REASON_LENGTH - 1; reason++) {
        if (*reason < '0' || *reason > '9') {
            key[length++] = *reason;
        }
    }
    key[length] = '\0';
}

/* Whether it is a new one, which is then known. */
static bool is_new(struct outage *outage, const char *reason) {
    char key[OUTAGE_REASON_LENGTH];
    make_key(key, reason);
    for (size_t i = 0; i < outage->reason_count; i++) {
        if (strcmp(outage->reasons[i], key) == 0) {
            return false;
        }
    }
    if (outage->reason_count == OUTAGE_REASONS_MAX) {
        return false;
    }
    memcpy(outage->reasons[outage->reason_count++], key, sizeof key);
    return true;
}

void outage_note(struct outage *outage, const struct logger *logger, const char *message,
                 const char *reason) {
    if (outage->reason_count == 0) {
        outage->since_ms = clock_ms();
        log_format_time(outage->since);
    }
    if (is_new(outage, reason)) {
        log_write(logger, outage->is_of_standbys ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, message,
                  "{s:s, s:s}", "reason", reason, "since", outage->since);
    }
}

void outage_end(struct outage *outage, const struct logger *logger) {
    if (outage->reason_count == 0) {
        return;
    }
    log_write(logger, LOG_LEVEL_INFO,
              outage->is_of_standbys ? "a standby serves reads" : "the database is back",
              "{s:s, s:I}", "since", outage->since, "duration_ms",
              (long long)(clock_ms() - outage->since_ms));
    outage->reason_count = 0;
}

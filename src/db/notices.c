/* What PostgreSQL tells besides results. */
#include "db/notices.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void ignore(void *argument, const PGresult *notice) {
    (void)argument;
    (void)notice;
}

void notices_ignore(PGconn *session) {
    PQsetNoticeReceiver(session, ignore, NULL);
}

int notices_line_length(const char *message) {
    return (int)strcspn(message, "\n");
}

void notices_add_reason(char *text, size_t size, const char *message) {
    static const char attempt[] = "connection to server ";
    bool is_first = true;
    while (*message) {
        int line = notices_line_length(message);
        size_t length = strlen(text);
        if (is_first || strncmp(message, attempt, sizeof attempt - 1) == 0) {
            snprintf(text + length, size - length, "%s%.*s", length > 0 ? "; " : "", line, message);
        }
        is_first = false;
        message += line + (message[line] == '\n');
    }
}

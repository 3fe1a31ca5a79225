/* What PostgreSQL tells besides results. */
#include "db/notices.h"

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

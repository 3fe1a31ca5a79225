/* What PostgreSQL tells besides results. */
#include "db/notices.h"

static void ignore(void *argument, const PGresult *notice) {
    (void)argument;
    (void)notice;
}

void notices_ignore(PGconn *session) {
    PQsetNoticeReceiver(session, ignore, NULL);
}

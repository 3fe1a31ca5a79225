/* From the outcome of a query to the response. */
#include "qa/outcome.h"

#include "http/route.h"
#include "pages/versions.h"
#include "qa/app.h"

#include <stdlib.h>

void outcome_raise_versions(const struct http_request *request, const PGresult *result, int row) {
    enum { PRODUCT = 1, QUESTION }; /* columns, of which a NULL reads as 0 */
    const struct app *app = request->app;
    versions_raise_both(app->versions, strtoll(PQgetvalue(result, row, PRODUCT), NULL, 10),
                        strtoll(PQgetvalue(result, row, QUESTION), NULL, 10));
}

/* PostgreSQL's primary message names the objects, never the values: those are in the detail. */
static void respond_internal_error(struct http_request *request, const PGresult *result) {
    const struct app *app = request->app;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (result) {
        log_write(app->logger, LOG_LEVEL_ERROR, "a statement failed", "{s:s, s:s*, s:s, s:s, s:s}",
                  "request_id", http_request_id(request), "traceparent",
                  http_request_traceparent(request), "route", request->route->pattern, "sqlstate",
                  state ? state : "", "reason", message ? message : "");
    }
    http_respond_problem(request, 500, NULL, "something unexpected happened; it has been logged");
}

void outcome_respond_read_failure(struct http_request *request, enum query_outcome outcome,
                                  const PGresult *result) {
    switch (outcome) {
    case QUERY_EXPIRED:
        http_respond_problem(request, 504, NULL, "the deadline passed");
        break;
    case QUERY_LOCKED:
    case QUERY_CONFLICT:
    case QUERY_REFUSED:
    case QUERY_UNKNOWN:
        http_respond_problem(request, 503, NULL,
                             "the database is away or busy; try again in a moment");
        break;
    case QUERY_DONE:
    case QUERY_FAILED:
        respond_internal_error(request, result);
    }
}

void outcome_respond_write_failure(struct http_request *request, enum query_outcome outcome,
                                   const PGresult *result) {
    switch (outcome) {
    case QUERY_EXPIRED:
    case QUERY_LOCKED:
    case QUERY_CONFLICT:
    case QUERY_REFUSED:
        http_respond_problem(
            request, 503, NULL,
            "the database is away or busy; nothing was written; try again in a moment");
        break;
    case QUERY_UNKNOWN:
        http_respond_problem(request, 504, NULL,
                             "the deadline passed or the connection broke after the change was "
                             "sent to the database; it may have been applied");
        break;
    case QUERY_DONE:
    case QUERY_FAILED:
        respond_internal_error(request, result);
    }
}

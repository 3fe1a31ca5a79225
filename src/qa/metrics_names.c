/* The names that metrics have for routes and statements. */
#include "qa/metrics_names.h"

#include "db/embedded_sql.h"
#include "db/statement_names.h"
#include "http/request.h"
#include "qa/routes.h"

_Static_assert((int)STATEMENT_COUNT <= (int)METRICS_STATEMENTS,
               "metrics have room for each statement");

struct metrics_names qa_metrics_names(void) {
    struct metrics_names names;
    for (size_t i = 0; i < METRICS_ROUTES; i++) {
        names.routes[i].method = names.routes[i].pattern = "";
    }
    for (size_t i = 0; i < METRICS_ROUTES && qa_routes[i].pattern; i++) {
        names.routes[i].method = http_method_name(qa_routes[i].method);
        names.routes[i].pattern = qa_routes[i].pattern;
    }
    for (size_t i = 0; i < METRICS_STATEMENTS; i++) {
        names.statements[i] = i < STATEMENT_COUNT ? embedded_queries[i].name : "";
    }
    return names;
}

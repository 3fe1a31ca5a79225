/* GET /metrics. */
#include "admin/metrics_page.h"

#include "admin/app.h"
#include "admin/respond.h"
#include "http/response.h"
#include "ops/memory.h"
#include "ops/metrics_memory.h"
#include "ops/metrics_text.h"
#include "qa/metrics_names.h"

#include <stdlib.h>

void metrics_page_show(struct http_request *request) {
    const struct admin *admin = ((const struct admin_door *)request->app)->admin;
    if (!admin->metrics) {
        http_respond_problem(request, 503, NULL,
                             "the supervisor is of a version with other metrics: stop and start "
                             "the service");
        return;
    }
    const struct metrics_names names = qa_metrics_names();
    struct metrics_sum *sum = memory_allocate(sizeof *sum);
    size_t length;
    metrics_memory_sum(admin->metrics, metrics_layout_of_workers(&names), sum);
    char *text = metrics_text(sum, &names, &length);
    free(sum);
    memory_demand(text != NULL);
    respond_own_text(request, METRICS_TEXT_TYPE, text, length);
}

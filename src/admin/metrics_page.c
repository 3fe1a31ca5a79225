/* GET /metrics. */
#include "admin/metrics_page.h"

#include "admin/respond.h"
#include "admin/sum.h"
#include "http/response.h"
#include "ops/memory.h"
#include "ops/metrics_text.h"
#include "qa/metrics_names.h"

#include <stdlib.h>

void metrics_page_show(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct metrics_sum *sum = admin_sum(door->admin);
    if (!sum) {
        http_respond_problem(request, 503, NULL,
                             "the supervisor is of a version with other metrics: stop and start "
                             "the service");
        return;
    }
    admin_see(door->admin, &sum->seen);
    const struct metrics_names names = qa_metrics_names();
    size_t length;
    char *text = metrics_text(sum, &names, &length);
    free(sum);
    memory_demand(text != NULL);
    respond_own_text(request, METRICS_TEXT_TYPE, text, length);
}

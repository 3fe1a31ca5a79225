/* How the service does. */
#include "admin/status.h"

#include "admin/respond.h"
#include "admin/status_json.h"
#include "admin/status_text.h"
#include "ops/clock.h"

#include <stdlib.h>
#include <string.h>

/* NULL where there are no metrics; to be released with free(). */
static struct metrics_sum *sum_metrics(const struct admin *admin) {
    return admin->metrics ? figures_sum(admin->metrics) : NULL;
}

void status_show_json(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct service_view view;
    door->admin->look(door->admin->owner, &view);
    struct metrics_sum *sum = sum_metrics(door->admin);
    respond_json(request, status_json(door->admin, &view, sum, clock_ms()));
    free(sum);
}

void status_show_text(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct service_view view;
    door->admin->look(door->admin->owner, &view);
    struct metrics_sum *sum = sum_metrics(door->admin);
    struct figures_rates rates;
    if (sum) {
        const struct figures_sample now = figures_sample_of(sum, clock_ms());
        rates = figures_until(&door->admin->figures, &now);
    }
    char *text = status_text(&view, sum ? &rates : NULL, clock_ms());
    free(sum);
    respond_own_text(request, "text/plain; charset=utf-8", text, strlen(text));
}

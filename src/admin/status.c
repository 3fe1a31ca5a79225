/* How the service does. */
#include "admin/status.h"

#include "admin/pauses.h"
#include "admin/respond.h"
#include "admin/status_json.h"
#include "admin/status_text.h"
#include "admin/sum.h"
#include "ops/clock.h"

#include <stdlib.h>
#include <string.h>

static struct pause_progress look_at_pause(const struct admin *admin) {
    return pause_look(admin->pauses->pause, clock_ms());
}

void status_show_json(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct service_view view;
    door->admin->look(door->admin->owner, &view);
    struct metrics_sum *sum = admin_sum(door->admin);
    const struct pause_progress pause = look_at_pause(door->admin);
    respond_json(request, status_json(door->admin, &view, sum, &pause, clock_ms()));
    free(sum);
}

void status_show_text(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct service_view view;
    door->admin->look(door->admin->owner, &view);
    struct metrics_sum *sum = admin_sum(door->admin);
    const struct pause_progress pause = look_at_pause(door->admin);
    struct figures_rates rates;
    if (sum) {
        const struct figures_sample now = figures_sample_of(sum, clock_ms());
        rates = figures_until(&door->admin->figures, &now);
    }
    char *text = status_text(&view, sum ? &rates : NULL, sum, &pause, clock_ms());
    free(sum);
    respond_own_text(request, "text/plain; charset=utf-8", text, strlen(text));
}

/* What machines ask of the whole service. */
#include "admin/probes.h"

#include "admin/app.h"
#include "admin/respond.h"
#include "http/response.h"
#include "ops/clock.h"

static void look(const struct http_request *request, struct service_view *view) {
    const struct admin_door *door = request->app;
    door->admin->look(door->admin->owner, view);
}

static void respond(struct http_request *request, const char *fault, const char *status) {
    if (fault) {
        http_respond_problem(request, 503, NULL, fault);
    } else {
        respond_json(request, json_pack("{s:s}", "status", status));
    }
}

void admin_show_liveness(struct http_request *request) {
    struct service_view view;
    look(request, &view);
    respond(request, view_why_not_alive(&view, clock_ms()), "alive");
}

void admin_show_readiness(struct http_request *request) {
    struct service_view view;
    look(request, &view);
    respond(request, view_why_not_ready(&view), "ready");
}

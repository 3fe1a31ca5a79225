/* How the service does. */
#include "admin/status.h"

#include "admin/respond.h"
#include "admin/status_json.h"
#include "admin/status_text.h"
#include "ops/clock.h"

#include <string.h>

void status_show_json(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct service_view view;
    door->admin->look(door->admin->owner, &view);
    respond_json(request, status_json(door->admin, &view, clock_ms()));
}

void status_show_text(struct http_request *request) {
    const struct admin_door *door = request->app;
    struct service_view view;
    door->admin->look(door->admin->owner, &view);
    char *text = status_text(&view, clock_ms());
    respond_own_text(request, "text/plain; charset=utf-8", text, strlen(text));
}

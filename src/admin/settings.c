/* The settings, as the supervisor has written them down. */
#include "admin/settings.h"

#include "admin/app.h"
#include "admin/respond.h"
#include "http/response.h"

void admin_show_settings(struct http_request *request) {
    const struct admin_door *door = request->app;
    const struct admin *admin = door->admin;
    if (!admin->report) {
        http_respond_problem(request, 503, NULL, "the settings were not handed down");
        return;
    }
    respond_bytes(request, "application/json", admin->report, admin->report_length);
}

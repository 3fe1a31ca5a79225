/* How the service does, as JSON: what src/admin/status.js shows. */
#include "admin/status_json.h"

#include "admin/pauses.h"
#include "ops/version.h"

static double seconds_since(int64_t then_ms, int64_t now_ms) {
    return (double)(now_ms - then_ms) / 1000;
}

static json_t *new_processes(const struct service_view *view, int64_t now_ms) {
    json_t *all = json_array();
    for (unsigned i = 0; i < view->process_count; i++) {
        const struct view_process *one = &view->processes[i];
        json_array_append_new(
            all, json_pack("{s:s, s:i, s:i, s:s, s:i, s:f, s:f}", "role", view_role_name(one->role),
                           "index", (int)one->index, "pid", (int)one->pid, "state",
                           view_state_name(one, now_ms), "generation", (int)one->generation,
                           "uptime_s", seconds_since(one->started_ms, now_ms), "heartbeat_age_s",
                           seconds_since(one->beat_ms, now_ms)));
    }
    return all;
}

/* The last one first. */
static json_t *new_events(const struct service_view *view, int64_t now_ms) {
    json_t *all = json_array();
    const struct view_event *event;
    for (unsigned back = 0; (event = view_event_before(view, back)) != NULL; back++) {
        char what[128];
        view_describe_event(event, what, sizeof what);
        json_array_append_new(all, json_pack("{s:f, s:s}", "age_s",
                                             seconds_since(event->at_ms, now_ms), "what", what));
    }
    return all;
}

static json_t *new_addresses(const struct admin *admin) {
    json_t *all = json_array();
    for (unsigned i = 0; i < admin->door_count; i++) {
        json_array_append_new(all, json_string(admin->doors[i].address));
    }
    return all;
}

json_t *status_json(const struct admin *admin, const struct service_view *view,
                    const struct metrics_sum *sum, const struct pause_progress *pause,
                    int64_t now_ms) {
    const char *not_ready = view_why_not_ready(view);
    const char *not_alive = view_why_not_alive(view, now_ms);
    return json_pack("{s:s, s:s, s:s, s:b, s:s?, s:f, s:i, s:i, s:{s:i, s:i}, s:{s:i, s:f}, s:o, "
                     "s:o, s:i, s:o, s:o?, s:o*}",
                     "version", version_number, "revision", version_revision, "state",
                     view_service_state_name(view), "is_ready", not_ready == NULL, "fault",
                     not_alive ? not_alive : not_ready, "uptime_s",
                     seconds_since(view->started_ms, now_ms), "generation", (int)view->generation,
                     "reloads", (int)view->reloads, "workers", "wanted", (int)view->wanted_workers,
                     "ready", (int)view_count_ready(view), "supervisor", "pid",
                     (int)view->supervisor, "tick_age_s", seconds_since(view->tick_ms, now_ms),
                     "addresses", new_addresses(admin), "processes", new_processes(view, now_ms),
                     "deaths", (int)view->replaced, "events", new_events(view, now_ms), "paused",
                     pause->is_on ? pauses_json(pause, now_ms) : NULL, "figures",
                     sum ? figures_json(&admin->figures, sum, now_ms) : NULL);
}

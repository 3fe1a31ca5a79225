/* What the view of the service means, and how it comes from one process to another. */
#include "admin/status_json.h"
#include "admin/status_text.h"
#include "admin/view.h"
#include "process/overview.h"
#include "suites.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_MS = 1000000 };

static struct service_view view;

static struct view_process *add(enum view_role role, enum view_state state, bool has_database) {
    struct view_process *process = &view.processes[view.process_count];
    *process = (struct view_process){.role = role,
                                     .state = state,
                                     .pid = 100 + (int)view.process_count,
                                     .index = view.process_count,
                                     .generation = 1,
                                     .started_ms = NOW_MS - 61000,
                                     .beat_ms = NOW_MS - 500,
                                     .has_database = has_database};
    view.process_count++;
    return process;
}

static void begin(void) {
    view = (struct service_view){
        .tick_ms = NOW_MS - 200, .started_ms = NOW_MS - 3700000, .wanted_workers = 2};
}

START_TEST(one_worker_that_can_serve_is_enough) {
    ck_assert_str_eq(view_why_not_ready(&view), "no worker is ready");
    add(VIEW_ADMIN, VIEW_READY, true);
    add(VIEW_WORKER, VIEW_STARTING, true);
    add(VIEW_WORKER, VIEW_DRAINING, true);
    ck_assert_str_eq(view_why_not_ready(&view), "no worker is ready");
    struct view_process *worker = add(VIEW_WORKER, VIEW_READY, false);
    ck_assert_str_eq(view_why_not_ready(&view), "no worker has a live database connection");
    worker->has_database = true;
    ck_assert_ptr_null(view_why_not_ready(&view));
    ck_assert_uint_eq(view_count_ready(&view), 1);
}
END_TEST

START_TEST(a_service_that_stops_is_not_ready_whatever_its_workers_can) {
    add(VIEW_WORKER, VIEW_READY, true);
    view.is_stopping = true;
    ck_assert_str_eq(view_why_not_ready(&view), "the service is stopping");
}
END_TEST

START_TEST(a_supervisor_that_stands_still_is_not_alive) {
    ck_assert_ptr_null(view_why_not_alive(&view, NOW_MS));
    ck_assert_ptr_nonnull(view_why_not_alive(&view, NOW_MS + 6000));
}
END_TEST

START_TEST(each_state_has_a_name) {
    ck_assert_str_eq(view_state_name(add(VIEW_WORKER, VIEW_STARTING, false), NOW_MS), "starting");
    ck_assert_str_eq(view_state_name(add(VIEW_WORKER, VIEW_READY, true), NOW_MS), "ready");
    ck_assert_str_eq(view_state_name(add(VIEW_WORKER, VIEW_READY, false), NOW_MS), "no database");
    ck_assert_str_eq(view_state_name(add(VIEW_WORKER, VIEW_DRAINING, true), NOW_MS), "draining");
    ck_assert_str_eq(view_state_name(add(VIEW_ADMIN, VIEW_READY, false), NOW_MS), "ready");
    ck_assert_str_eq(view_state_name(&view.processes[1], NOW_MS + 4000), "silent");
}
END_TEST

static void add_events(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        view.events[view.event_count++ % VIEW_EVENTS_MAX] = (struct view_event){
            .at_ms = NOW_MS - 1000, .kind = VIEW_RELOADED, .value = view.event_count};
    }
}

START_TEST(the_last_events_are_kept_the_last_one_first) {
    ck_assert_ptr_null(view_event_before(&view, 0));
    add_events(VIEW_EVENTS_MAX + 5);
    for (unsigned back = 0; back < VIEW_EVENTS_MAX; back++) {
        ck_assert_int_eq(view_event_before(&view, back)->value, VIEW_EVENTS_MAX + 5 - back);
    }
    ck_assert_ptr_null(view_event_before(&view, VIEW_EVENTS_MAX));
}
END_TEST

START_TEST(events_are_told_in_words) {
    static const struct {
        struct view_event event;
        const char *words;
    } cases[] = {
        {{.kind = VIEW_DIED_BY_SIGNAL, .index = 1, .pid = 77, .value = SIGKILL},
         "worker 1 (process 77) died by signal 9 (Killed)"},
        {{.kind = VIEW_EXITED, .role = VIEW_ADMIN, .pid = 78, .value = 1},
         "the admin process (78) ended with status 1"},
        {{.kind = VIEW_RELOADED, .value = 4}, "reloaded: generation 4 serves"},
        {{.kind = VIEW_RELOAD_FAILED}, "a reload failed; the log says why"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        view_describe_event(&cases[i].event, text, sizeof text);
        ck_assert_str_eq(text, cases[i].words);
    }
}
END_TEST

START_TEST(the_view_is_shown_as_json_and_as_text) {
    const struct pause_progress no_pause = {0};
    const struct admin admin = {.door_count = 1, .doors = {{.address = "unix:/x/admin.sock"}}};
    add(VIEW_WORKER, VIEW_READY, true);
    add(VIEW_WORKER, VIEW_READY, false);
    add_events(1);
    json_t *json = status_json(&admin, &view, NULL, &no_pause, NOW_MS);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "state")), "serving");
    ck_assert(json_is_true(json_object_get(json, "is_ready")));
    ck_assert(json_is_null(json_object_get(json, "fault")));
    ck_assert_uint_eq(json_array_size(json_object_get(json, "processes")), 2);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "events")), 1);
    json_decref(json);

    const struct figures_rates rates = {
        .requests = 12.34, .nginx_hits = 2, .p50_ms = 0.5, .p99_ms = 7, .hit_ratio = -1};
    static struct metrics_sum sum = {
        .workers.gauges = {.waiting_calls = {7, 0, 3},
                           .running_calls = {1, 0, 2},
                           .connections = {[METRICS_FOR_WRITES] = {5, 6, 8}}}};
    char *text = status_text(&view, &rates, &sum, &no_pause, NOW_MS);
    ck_assert_ptr_nonnull(strstr(text, "serving, ready\nup 1 h 1 min, 1 of 2 workers ready\n"
                                       "12.3 requests a second, 2.0 of them by NGINX; "));
    ck_assert_ptr_nonnull(strstr(text, "half within 0.50 ms, 99 of 100 within 7.00 ms\n\n"));
    ck_assert_ptr_nonnull(strstr(text, "reads                 7        1\n"));
    ck_assert_ptr_nonnull(strstr(text, "writes                3        2\n"));
    ck_assert_ptr_nonnull(strstr(text, "for writes            8        6           5\n"));
    ck_assert_ptr_nonnull(strstr(text, "no database"));
    ck_assert_ptr_nonnull(strstr(text, "1 min 1 s"));
    ck_assert_ptr_nonnull(strstr(text, "  1 s ago: reloaded: generation 1 serves\n"));
    free(text);

    metrics_set(&sum.service.round_age_us, 4200);
    text = status_text(&view, &rates, &sum, &no_pause, NOW_MS);
    ck_assert_ptr_nonnull(strstr(text, "the validator's last round began 4.2 ms before"));
    free(text);
}
END_TEST

START_TEST(a_pause_is_shown_with_how_far_it_is) {
    const struct admin admin = {0};
    const struct pause_progress pause = {.is_on = true,
                                         .since_ms = NOW_MS - 3200,
                                         .until_ms = NOW_MS + 6800,
                                         .workers = 2,
                                         .quiet = 1,
                                         .sessions = 3,
                                         .calls = 14};
    json_t *json = status_json(&admin, &view, NULL, &pause, NOW_MS);
    const json_t *paused = json_object_get(json, "paused");
    ck_assert_str_eq(json_string_value(json_object_get(paused, "state")), "pausing");
    ck_assert_int_eq(json_integer_value(json_object_get(paused, "paused_ms")), 3200);
    ck_assert_int_eq(json_integer_value(json_object_get(paused, "ends_in_ms")), 6800);
    ck_assert_int_eq(json_integer_value(json_object_get(paused, "calls")), 14);
    json_decref(json);
    char *text = status_text(&view, NULL, NULL, &pause, NOW_MS);
    ck_assert_ptr_nonnull(strstr(text, "a pause is on for 3 s, and ends by itself in 6 s; 1 of 2 "
                                       "workers have no session, 14 calls wait\n"));
    free(text);
}
END_TEST

START_TEST(what_is_written_is_what_is_read) {
    static struct service_view other;
    int descriptor;
    struct overview *writer = overview_create(&descriptor);
    ck_assert_ptr_nonnull(writer);
    const struct overview *reader = overview_map(descriptor);
    ck_assert_ptr_nonnull(reader);
    for (unsigned i = 1; i <= 3; i++) {
        view.generation = i;
        add(VIEW_WORKER, VIEW_READY, true);
        overview_write(writer, &view);
        overview_read(reader, &other);
        ck_assert_mem_eq(&other, &view, sizeof view);
    }
}
END_TEST

Suite *view_suite(void) {
    Suite *suite = suite_create("view");
    TCase *cases = tcase_create("view");
    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_test(cases, one_worker_that_can_serve_is_enough);
    tcase_add_test(cases, a_service_that_stops_is_not_ready_whatever_its_workers_can);
    tcase_add_test(cases, a_supervisor_that_stands_still_is_not_alive);
    tcase_add_test(cases, each_state_has_a_name);
    tcase_add_test(cases, the_last_events_are_kept_the_last_one_first);
    tcase_add_test(cases, events_are_told_in_words);
    tcase_add_test(cases, the_view_is_shown_as_json_and_as_text);
    tcase_add_test(cases, a_pause_is_shown_with_how_far_it_is);
    tcase_add_test(cases, what_is_written_is_what_is_read);
    suite_add_tcase(suite, cases);
    return suite;
}

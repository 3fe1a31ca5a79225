/* Metrics: where a value is counted, and the memory that processes share. */
#include "ops/metrics_memory.h"
#include "ops/metrics_table.h"
#include "suites.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAYOUT = 17, OTHER_LAYOUT = 18, SLOT = 3 };

static struct metrics_memory memory;
static struct metrics_sum sum;

static void make(void) {
    ck_assert(metrics_memory_create(&memory));
}

/* The slot of a worker that has just started. */
static struct metrics *start(size_t slot, uint64_t layout) {
    ck_assert(metrics_memory_reserve(&memory, slot));
    struct metrics *metrics = metrics_memory_slot(memory.descriptor, slot, layout);
    ck_assert_ptr_nonnull(metrics);
    return metrics;
}

static void add_up(uint64_t layout) {
    struct metrics_memory all;
    ck_assert(metrics_memory_map(&all, memory.descriptor));
    metrics_memory_sum(&all, layout, &sum);
    metrics_memory_unmap(&all);
}

START_TEST(a_value_counts_in_the_first_bucket_whose_bound_it_does_not_exceed) {
    struct metrics_histogram histogram = {0};
    const uint64_t values[] = {0, 500, 501, 10000000, 10000001, UINT64_MAX / 2};
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        metrics_observe(&histogram, metrics_durations_us, values[i]);
        total += values[i];
    }
    ck_assert_uint_eq(metrics_get(&histogram.buckets[0]), 2);
    ck_assert_uint_eq(metrics_get(&histogram.buckets[1]), 1);
    ck_assert_uint_eq(metrics_get(&histogram.buckets[METRICS_BOUNDS - 1]), 1);
    ck_assert_uint_eq(metrics_get(&histogram.buckets[METRICS_BOUNDS]), 2);
    ck_assert_uint_eq(metrics_get(&histogram.sum), total);
}
END_TEST

START_TEST(a_duration_is_never_negative) {
    struct metrics_histogram histogram = {0};
    metrics_observe_duration(&histogram, 5000, 4000);
    metrics_observe_duration(&histogram, 5000, 5700);
    ck_assert_uint_eq(metrics_get(&histogram.buckets[0]), 1);
    ck_assert_uint_eq(metrics_get(&histogram.buckets[1]), 1);
    ck_assert_uint_eq(metrics_get(&histogram.sum), 700);
}
END_TEST

START_TEST(bounds_rise) {
    for (size_t i = 1; i < METRICS_BOUNDS; i++) {
        ck_assert_uint_lt(metrics_durations_us[i - 1], metrics_durations_us[i]);
        ck_assert_uint_lt(metrics_group_sizes[i - 1], metrics_group_sizes[i]);
    }
}
END_TEST

START_TEST(a_status_has_a_place_of_its_own_or_that_of_all_others) {
    ck_assert_uint_eq(metrics_statuses[metrics_place_of_status(200)], 200);
    ck_assert_uint_eq(metrics_statuses[metrics_place_of_status(202)], 202);
    ck_assert_uint_eq(metrics_statuses[metrics_place_of_status(504)], 504);
    ck_assert_uint_eq(metrics_statuses[metrics_place_of_status(0)], 0);
    ck_assert_uint_eq(metrics_place_of_status(418), METRICS_STATUSES - 1);
}
END_TEST

START_TEST(counters_go_on_with_the_next_worker_and_gauges_do_not) {
    make();
    struct metrics *first = start(SLOT, LAYOUT);
    metrics_add(&first->commits, 5);
    metrics_add(&first->gauges.active_requests, 2);
    metrics_memory_end(&memory, SLOT);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.workers.commits), 5);
    ck_assert_uint_eq(metrics_get(&sum.workers.gauges.active_requests), 0);
    metrics_add(&start(SLOT, LAYOUT)->commits, 2);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.workers.commits), 7);
}
END_TEST

START_TEST(what_a_process_counted_is_there_after_it_was_killed) {
    make();
    ck_assert(metrics_memory_reserve(&memory, SLOT));
    pid_t pid = fork();
    if (pid == 0) {
        metrics_add(&start(SLOT, LAYOUT)->commits, 9);
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.workers.commits), 9);
}
END_TEST

START_TEST(the_slots_of_one_layout_are_added_up) {
    make();
    metrics_add(&start(0, LAYOUT)->commits, 1);
    metrics_add(&start(1, OTHER_LAYOUT)->commits, 10);
    metrics_add(&start(METRICS_SLOTS - 1, LAYOUT)->commits, 100);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.workers.commits), 101);
    add_up(OTHER_LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.workers.commits), 10);
}
END_TEST

START_TEST(a_worker_of_another_layout_begins_anew) {
    make();
    metrics_add(&start(SLOT, LAYOUT)->commits, 5);
    struct metrics *next = start(SLOT, OTHER_LAYOUT);
    ck_assert_uint_eq(metrics_get(&next->commits), 0);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.workers.commits), 0);
}
END_TEST

START_TEST(the_supervisors_part_is_shown_with_the_sums) {
    make();
    struct metrics_service *service = metrics_memory_service(&memory);
    metrics_add(&service->reloads[METRICS_SUCCEEDED], 3);
    metrics_add(&service->invalidations[METRICS_RELOADED], 3);
    metrics_add(&start(0, LAYOUT)->uncertain_writes, 4);
    metrics_add(&start(1, LAYOUT)->uncertain_writes, 1);
    metrics_add(&start(0, LAYOUT)->server_changes, 1);
    metrics_add(&start(1, LAYOUT)->server_changes, 1);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.service.reloads[METRICS_SUCCEEDED]), 3);
    ck_assert_uint_eq(metrics_get(&sum.service.invalidations[METRICS_RELOADED]), 3);
    ck_assert_uint_eq(metrics_get(&sum.service.invalidations[METRICS_UNCERTAIN_WRITE]), 5);
    ck_assert_uint_eq(metrics_get(&sum.service.invalidations[METRICS_SERVER_CHANGED]), 2);
    ck_assert_uint_eq(metrics_get(&sum.seen.one), 1);
}
END_TEST

START_TEST(lines_that_workers_and_supervisor_lose_are_one_sum) {
    make();
    metrics_add(&metrics_memory_service(&memory)->lost_lines, 2);
    metrics_add(&start(0, LAYOUT)->lost_lines, 30);
    metrics_add(&start(1, LAYOUT)->lost_lines, 400);
    add_up(LAYOUT);
    ck_assert_uint_eq(metrics_get(&sum.service.lost_lines), 432);
}
END_TEST

START_TEST(what_is_no_memory_of_metrics_is_refused) {
    int other = memfd_create("test", MFD_CLOEXEC);
    struct metrics_memory all;
    ck_assert(other >= 0 && ftruncate(other, 1 << 20) == 0);
    for (int i = 0; i < 2; i++) {
        int descriptor = i == 0 ? other : -1;
        errno = 0;
        ck_assert_ptr_null(metrics_memory_slot(descriptor, 0, LAYOUT));
        ck_assert_int_eq(errno, EPROTO);
        ck_assert(!metrics_memory_map(&all, descriptor));
        ck_assert_int_eq(errno, EPROTO);
    }
    close(other);
}
END_TEST

START_TEST(who_has_no_memory_counts_unseen) {
    static const struct metrics_memory none;
    struct metrics metrics;
    metrics_add(&metrics_memory_service(&none)->worker_starts, 1);
    metrics_add(&metrics_or_unseen(NULL)->commits, 1);
    ck_assert_ptr_eq(metrics_or_unseen(&metrics), &metrics);
}
END_TEST

static struct metrics_names names_of(const char *first_pattern, const char *first_statement) {
    struct metrics_names names;
    for (size_t i = 0; i < METRICS_ROUTES; i++) {
        names.routes[i].method = names.routes[i].pattern = "";
    }
    for (size_t i = 0; i < METRICS_STATEMENTS; i++) {
        names.statements[i] = "";
    }
    names.routes[0].method = "GET";
    names.routes[0].pattern = first_pattern;
    names.statements[0] = first_statement;
    return names;
}

START_TEST(another_route_or_statement_is_another_layout) {
    const struct metrics_names a = names_of("/a", "x"), b = names_of("/b", "x"),
                               c = names_of("/a", "y"), same = names_of("/a", "x");
    uint64_t layout = metrics_layout_of_workers(&a);
    ck_assert_uint_ne(layout, 0);
    ck_assert_uint_eq(layout, metrics_layout_of_workers(&same));
    ck_assert_uint_ne(layout, metrics_layout_of_workers(&b));
    ck_assert_uint_ne(layout, metrics_layout_of_workers(&c));
    ck_assert_uint_ne(metrics_layout_of_service(), 0);
}
END_TEST

Suite *metrics_suite(void) {
    Suite *suite = suite_create("metrics");
    TCase *cases = tcase_create("metrics");
    tcase_add_test(cases, a_value_counts_in_the_first_bucket_whose_bound_it_does_not_exceed);
    tcase_add_test(cases, a_duration_is_never_negative);
    tcase_add_test(cases, bounds_rise);
    tcase_add_test(cases, a_status_has_a_place_of_its_own_or_that_of_all_others);
    tcase_add_test(cases, counters_go_on_with_the_next_worker_and_gauges_do_not);
    tcase_add_test(cases, what_a_process_counted_is_there_after_it_was_killed);
    tcase_add_test(cases, the_slots_of_one_layout_are_added_up);
    tcase_add_test(cases, a_worker_of_another_layout_begins_anew);
    tcase_add_test(cases, the_supervisors_part_is_shown_with_the_sums);
    tcase_add_test(cases, lines_that_workers_and_supervisor_lose_are_one_sum);
    tcase_add_test(cases, what_is_no_memory_of_metrics_is_refused);
    tcase_add_test(cases, who_has_no_memory_counts_unseen);
    tcase_add_test(cases, another_route_or_statement_is_another_layout);
    suite_add_tcase(suite, cases);
    return suite;
}

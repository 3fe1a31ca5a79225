/* Rates and latencies, from samples of the metrics. */
#include "admin/figures.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static struct metrics_sum *sum;
static struct figures figures;

static void begin(void) {
    sum = calloc(1, sizeof *sum);
    ck_assert_ptr_nonnull(sum);
    memset(&figures, 0, sizeof figures);
}

static void end(void) {
    free(sum);
}

/* Responses of one endpoint, each of so many microseconds. */
static void respond(unsigned status, unsigned count, uint64_t duration_us) {
    struct metrics_histogram *histogram =
        &sum->workers.requests[3][metrics_place_of_status(status)];
    for (unsigned i = 0; i < count; i++) {
        metrics_observe(histogram, metrics_durations_us, duration_us);
    }
}

static void take(int64_t now_ms) {
    const struct figures_sample sample = figures_sample_of(sum, now_ms);
    figures_add(&figures, &sample);
}

static struct figures_rates rates_at(int64_t now_ms) {
    const struct figures_sample now = figures_sample_of(sum, now_ms);
    return figures_until(&figures, &now);
}

static void check_near(double value, double expected) {
    ck_assert_msg(value > expected - 0.001 && value < expected + 0.001, "%f is not %f", value,
                  expected);
}

START_TEST(rates_are_what_has_come_since_a_sample_of_some_seconds_before) {
    respond(200, 1000, 100);
    take(0);
    respond(200, 50, 100);
    respond(503, 10, 100);
    metrics_add(&sum->service.nginx[0], 40);
    metrics_add(&sum->workers.commits, 20);
    take(5000);
    respond(200, 100, 100);
    struct figures_rates rates = rates_at(10000); /* since 5000 */
    check_near(rates.seconds, 5);
    check_near(rates.requests, 20);
    check_near(rates.failures, 0);
    rates = rates_at(9000); /* since 0 */
    check_near(rates.requests, 200.0 / 9);
    check_near(rates.nginx_hits, 40.0 / 9);
    check_near(rates.failures, 10.0 / 9);
    check_near(rates.commits, 20.0 / 9);
}
END_TEST

START_TEST(latencies_are_those_of_the_responses_in_between) {
    respond(200, 1000, 9000000);
    take(0);
    ck_assert(rates_at(5000).p50_ms < 0); /* nothing has come */
    respond(200, 98, 400);
    respond(200, 2, 40000);
    struct figures_rates rates = rates_at(5000);
    ck_assert_msg(rates.p50_ms > 0 && rates.p50_ms <= 0.5, "%f", rates.p50_ms);
    ck_assert_msg(rates.p99_ms > 20 && rates.p99_ms <= 50, "%f", rates.p99_ms);
}
END_TEST

START_TEST(hits_of_nginx_and_of_workers_are_hits) {
    take(0);
    ck_assert(rates_at(5000).hit_ratio < 0);
    metrics_add(&sum->service.nginx[METRICS_NGINX_HITS - 1], 60);
    metrics_add(&sum->service.nginx[METRICS_NGINX_HITS], 40); /* misses, which workers saw */
    metrics_add(&sum->workers.pages.hits[0], 30);
    metrics_add(&sum->workers.pages.misses[1], 10);
    check_near(rates_at(5000).hit_ratio, 0.9);
}
END_TEST

START_TEST(numbers_that_fall_have_not_risen) {
    respond(200, 100, 100);
    take(0);
    memset(sum, 0, sizeof *sum); /* workers of another version */
    check_near(rates_at(5000).requests, 0);
}
END_TEST

START_TEST(the_history_is_that_of_the_last_samples) {
    for (int i = 0; i < FIGURES_SAMPLES + 7; i++) {
        respond(200, 5, 100);
        take((int64_t)i * FIGURES_EACH_MS);
    }
    json_t *json = figures_json(&figures, sum, (FIGURES_SAMPLES + 7) * (int64_t)FIGURES_EACH_MS);
    const json_t *requests = json_object_get(json_object_get(json, "history"), "requests_per_s");
    ck_assert_uint_eq(json_array_size(requests), FIGURES_SAMPLES - 1);
    check_near(json_number_value(json_array_get(requests, 0)), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "lanes")), METRICS_LANES);
    json_decref(json);
}
END_TEST

Suite *figures_suite(void) {
    Suite *suite = suite_create("figures");
    TCase *cases = tcase_create("figures");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, rates_are_what_has_come_since_a_sample_of_some_seconds_before);
    tcase_add_test(cases, latencies_are_those_of_the_responses_in_between);
    tcase_add_test(cases, hits_of_nginx_and_of_workers_are_hits);
    tcase_add_test(cases, numbers_that_fall_have_not_risen);
    tcase_add_test(cases, the_history_is_that_of_the_last_samples);
    suite_add_tcase(suite, cases);
    return suite;
}

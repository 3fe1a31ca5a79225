/* Metrics as text, in Prometheus' format. */
#include "http/measure.h"
#include "ops/metrics_text.h"
#include "qa/metrics_names.h"
#include "qa/routes.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct metrics_sum sum;
static char *text;

/* What is shown of the sum. */
static void show(void) {
    const struct metrics_names names = qa_metrics_names();
    size_t length;
    free(text);
    text = metrics_text(&sum, &names, &length);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), length);
}

static void begin(void) {
    memset(&sum, 0, sizeof sum);
    metrics_set(&sum.seen.one, 1);
}

static void end(void) {
    free(text);
    text = NULL;
}

/* Whether it has this line. */
static bool has(const char *line) {
    char whole[400];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    return strstr(text, whole) != NULL;
}

/* How many lines begin so. */
static size_t count(const char *beginning) {
    size_t found = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        found += strncmp(line, beginning, strlen(beginning)) == 0;
    }
    return found;
}

START_TEST(numbers_have_their_labels) {
    metrics_set(&sum.workers.pages.hits[1], 7);
    metrics_set(&sum.workers.lanes.rejections[2][METRICS_QUEUE_FULL], 3);
    metrics_set(&sum.workers.gauges.connections[METRICS_FOR_WRITES][METRICS_USED], 4);
    metrics_set(&sum.service.nginx[2 * 1 + 1], 9); /* answers, 304 */
    metrics_set(&sum.service.nginx[METRICS_NGINX_HITS], 5);
    show();
    ck_assert(has("atelier_qa_cache_hits_total{list=\"questions\"} 0"));
    ck_assert(has("atelier_qa_cache_hits_total{list=\"answers\"} 7"));
    ck_assert(has("atelier_qa_db_rejections_total{lane=\"writes\",reason=\"queue_full\"} 3"));
    ck_assert(has("atelier_qa_db_connections{set=\"writes\",state=\"used\"} 4"));
    ck_assert(
        has("atelier_qa_nginx_hits_total{list=\"answers\",http_response_status_code=\"304\"} 9"));
    ck_assert(has("atelier_qa_nginx_misses_total{list=\"questions\"} 5"));
    ck_assert(has("http_server_active_requests 0"));
    ck_assert_uint_eq(count("atelier_qa_build_info{version=\""), 1);
}
END_TEST

START_TEST(numbers_are_in_seconds_without_loss) {
    metrics_set(&sum.workers.cpu_us, 12345678900010);
    metrics_set(&sum.service.cache_retention_ms, 1500);
    show();
    ck_assert(has("process_cpu_seconds_total 12345678.90001"));
    ck_assert(has("atelier_qa_cache_retention_seconds 1.5"));
}
END_TEST

START_TEST(a_histogram_adds_its_buckets_up) {
    struct metrics_histogram *wait = &sum.workers.lanes.wait[0];
    metrics_observe(wait, metrics_durations_us, 400);
    metrics_observe(wait, metrics_durations_us, 2500);
    metrics_observe(wait, metrics_durations_us, 99000000);
    show();
    char line[200];
    static const struct {
        const char *bound;
        int count;
    } expected[] = {{"0.0005", 1}, {"0.001", 1}, {"0.0025", 2}, {"1", 2}, {"10", 2}, {"+Inf", 3}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        snprintf(line, sizeof line,
                 "db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="
                 "\"reads\",le=\"%s\"} %d",
                 expected[i].bound, expected[i].count);
        ck_assert_msg(has(line), "%s", line);
    }
    ck_assert(has("db_client_connection_wait_time_seconds_sum{db_client_connection_pool_name="
                  "\"reads\"} 99.0029"));
    ck_assert(has("db_client_connection_wait_time_seconds_count{db_client_connection_pool_name="
                  "\"reads\"} 3"));
    ck_assert_uint_eq(count("db_client_connection_wait_time_seconds_count"), 1);
}
END_TEST

/* Counts a request of that method and target with a response of that status. */
static void count_request(enum http_method method, const char *target, unsigned status) {
    unsigned allowed;
    struct http_request *request = http_request_new(target);
    request->method = method;
    (void)http_route_match(qa_routes, request, &allowed);
    request->status = status;
    measure_begin(&sum.workers);
    measure_end(&sum.workers, qa_routes, request, request->timing.began_us);
    http_request_free(request);
}

static bool has_count(const char *route, const char *method, const char *status, int times) {
    char line[300];
    snprintf(line, sizeof line,
             "http_server_request_duration_seconds_count{http_route=\"%s\","
             "http_request_method=\"%s\",http_response_status_code=\"%s\"} %d",
             route, method, status, times);
    return has(line);
}

START_TEST(requests_are_counted_by_route_method_and_status) {
    count_request(HTTP_GET, "/qa/questions/?product_id=1", 200);
    count_request(HTTP_GET, "/qa/questions?product_id=2", 200);
    count_request(HTTP_HEAD, "/qa/questions?product_id=2", 304);
    count_request(HTTP_PUT, "/qa/answers/17/helpful", 204);
    count_request(HTTP_GET, "/nowhere/17", 404);
    count_request(HTTP_OTHER, "/qa/questions", 405);
    count_request(HTTP_POST, "/qa/questions", 418);
    count_request(0, "/qa/questions", 0); /* the client left */
    show();
    ck_assert(has_count("/qa/questions", "GET", "200", 2));
    ck_assert(has_count("/qa/questions", "HEAD", "304", 1));
    ck_assert(has_count("/qa/answers/:answer_id/helpful", "PUT", "204", 1));
    ck_assert(has_count("none", "GET", "404", 1));
    ck_assert(has_count("none", "_OTHER", "405", 1));
    ck_assert(has_count("/qa/questions", "POST", "other", 1));
    ck_assert(has_count("none", "_OTHER", "none", 1));
    ck_assert_uint_eq(count("http_server_request_duration_seconds_count"), 7);
    ck_assert(has("http_server_active_requests 0"));
}
END_TEST

START_TEST(every_route_and_statement_has_a_name) {
    const struct metrics_names names = qa_metrics_names();
    size_t routes = 0;
    for (; qa_routes[routes].pattern; routes++) {
        ck_assert_uint_lt(routes, METRICS_ROUTES);
        ck_assert_str_eq(names.routes[routes].pattern, qa_routes[routes].pattern);
    }
    ck_assert_uint_gt(routes, 10);
    ck_assert_str_eq(names.statements[0], "add_answers");
}
END_TEST

/* The rules of `promtool check metrics` that a table can break. */
START_TEST(names_and_helps_keep_the_rules) {
    static const char *const bad_endings[] = {"_count", "_sum", "_bucket"};
    for (const struct metrics_metric *metric = metrics_metrics; metric->name; metric++) {
        const char *ending = strrchr(metric->name, '_');
        bool is_total = strcmp(ending, "_total") == 0;
        ck_assert_msg(is_total == (metric->type == METRICS_COUNTER), "%s", metric->name);
        for (size_t i = 0; i < sizeof bad_endings / sizeof *bad_endings; i++) {
            ck_assert_str_ne(ending, bad_endings[i]);
        }
        ck_assert_msg((metric->type == METRICS_HISTOGRAM) == (metric->bounds != NULL), "%s",
                      metric->name);
        ck_assert(metric->help[strlen(metric->help) - 1] == '.' && !strpbrk(metric->help, "\\\n"));
        for (const struct metrics_metric *other = metric + 1; other->name; other++) {
            ck_assert_str_ne(metric->name, other->name);
        }
    }
}
END_TEST

Suite *metrics_text_suite(void) {
    Suite *suite = suite_create("metrics_text");
    TCase *cases = tcase_create("metrics_text");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, numbers_have_their_labels);
    tcase_add_test(cases, numbers_are_in_seconds_without_loss);
    tcase_add_test(cases, a_histogram_adds_its_buckets_up);
    tcase_add_test(cases, requests_are_counted_by_route_method_and_status);
    tcase_add_test(cases, every_route_and_statement_has_a_name);
    tcase_add_test(cases, names_and_helps_keep_the_rules);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Where the time of a request went, as Server-Timing tells it. */
#include "http/timing.h"
#include "suites.h"

#include <string.h>

static const struct call_times sent_late = {
    .submitted_us = 1000, .sent_us = 1412, .completed_us = 13456};

START_TEST(nothing_is_told_where_nothing_is_known) {
    const struct http_timing timing = {.began_us = 5};
    char text[HTTP_TIMING_SIZE];
    ck_assert(!http_timing_write(&timing, text));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_hit_is_told_alone) {
    const struct http_timing timing = {.cache = HTTP_CACHE_HIT};
    char text[HTTP_TIMING_SIZE];
    ck_assert(http_timing_write(&timing, text));
    ck_assert_str_eq(text, "cache;desc=hit");
}
END_TEST

START_TEST(a_query_is_told_in_milliseconds) {
    struct http_timing timing = {.cache = HTTP_CACHE_MISS, .query = sent_late};
    char text[HTTP_TIMING_SIZE];
    ck_assert(http_timing_write(&timing, text));
    ck_assert_str_eq(text, "cache;desc=miss, queue;dur=0.412, db;dur=12.044");
    timing.cache = HTTP_CACHE_NOT_ASKED;
    ck_assert(http_timing_write(&timing, text));
    ck_assert_str_eq(text, "queue;dur=0.412, db;dur=12.044");
}
END_TEST

START_TEST(a_query_that_was_never_sent_has_only_waited) {
    const struct http_timing timing = {.query = {.submitted_us = 1000, .completed_us = 3001000}};
    char text[HTTP_TIMING_SIZE];
    ck_assert(http_timing_write(&timing, text));
    ck_assert_str_eq(text, "queue;dur=3000.000");
}
END_TEST

START_TEST(the_longest_times_fit) {
    const struct http_timing timing = {
        .cache = HTTP_CACHE_MISS,
        .query = {.submitted_us = 1, .sent_us = INT64_MAX / 2, .completed_us = INT64_MAX}};
    char text[HTTP_TIMING_SIZE];
    ck_assert(http_timing_write(&timing, text));
    ck_assert_str_eq(text + strlen(text) - 4, ".904");
}
END_TEST

Suite *timing_suite(void) {
    Suite *suite = suite_create("timing");
    TCase *cases = tcase_create("timing");
    tcase_add_test(cases, nothing_is_told_where_nothing_is_known);
    tcase_add_test(cases, a_hit_is_told_alone);
    tcase_add_test(cases, a_query_is_told_in_milliseconds);
    tcase_add_test(cases, a_query_that_was_never_sent_has_only_waited);
    tcase_add_test(cases, the_longest_times_fit);
    suite_add_tcase(suite, cases);
    return suite;
}

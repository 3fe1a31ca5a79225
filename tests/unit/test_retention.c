/* How long the ring keeps pages. */
#include "pages/retention.h"
#include "suites.h"

enum { SIZE = 1000000 };

START_TEST(until_the_first_round_ends_it_is_the_time_since_the_begin) {
    struct retention retention = {0};
    ck_assert_int_eq(retention_note(&retention, 0, SIZE, 5000), 0);
    ck_assert_int_eq(retention_note(&retention, 10, SIZE, 6000), 1000);
    ck_assert_int_eq(retention_note(&retention, SIZE, SIZE, 65000), 60000);
}
END_TEST

START_TEST(then_it_is_the_time_of_a_round) {
    struct retention retention = {0};
    int64_t age_ms = 0;
    /* A round takes 1,000 steps of half a second. */
    for (int64_t step = 0; step < 5500; step++) {
        age_ms = retention_note(&retention, (uint64_t)step * SIZE / 1000, SIZE, step * 500);
    }
    ck_assert_int_le(age_ms, 500 * 1000);
    ck_assert_int_gt(age_ms, 480 * 1000);
}
END_TEST

START_TEST(what_is_written_faster_than_it_is_noted_was_just_written) {
    struct retention retention = {0};
    (void)retention_note(&retention, 0, SIZE, 0);
    (void)retention_note(&retention, 500, SIZE, 1000000);
    ck_assert_int_eq(retention_note(&retention, 50 * (uint64_t)SIZE, SIZE, 1000500), 0);
    ck_assert_int_eq(retention_note(&retention, 50 * (uint64_t)SIZE, SIZE, 1001500), 1000);
}
END_TEST

START_TEST(what_is_not_written_to_grows_old) {
    struct retention retention = {0};
    (void)retention_note(&retention, 3 * (uint64_t)SIZE, SIZE, 0);
    for (int64_t minute = 1; minute < 500; minute++) {
        ck_assert_int_eq(retention_note(&retention, 3 * (uint64_t)SIZE, SIZE, minute * 60000),
                         minute * 60000);
    }
}
END_TEST

Suite *retention_suite(void) {
    Suite *suite = suite_create("retention");
    TCase *cases = tcase_create("retention");
    tcase_add_test(cases, until_the_first_round_ends_it_is_the_time_since_the_begin);
    tcase_add_test(cases, then_it_is_the_time_of_a_round);
    tcase_add_test(cases, what_is_written_faster_than_it_is_noted_was_just_written);
    tcase_add_test(cases, what_is_not_written_to_grows_old);
    suite_add_tcase(suite, cases);
    return suite;
}

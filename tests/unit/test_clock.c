/* The clock. */
#include "ops/clock.h"
#include "suites.h"

static int64_t precise_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(the_clock_is_never_ahead_and_lags_by_a_step_at_most) {
    const struct timespec pause = {.tv_nsec = 700000};
    for (int i = 0; i < 200; i++) {
        int64_t before_ms = precise_ms();
        int64_t now_ms = clock_ms();
        ck_assert_int_le(now_ms, precise_ms());
        ck_assert_int_ge(now_ms, before_ms - CLOCK_STEP_MS);
        nanosleep(&pause, NULL);
    }
}
END_TEST

START_TEST(a_duration_keeps_its_milliseconds) {
    struct timeval duration = clock_duration(61234);
    ck_assert_int_eq(duration.tv_sec, 61);
    ck_assert_int_eq(duration.tv_usec, 234000);
}
END_TEST

Suite *clock_suite(void) {
    Suite *suite = suite_create("clock");
    TCase *cases = tcase_create("clock");
    tcase_add_test(cases, the_clock_is_never_ahead_and_lags_by_a_step_at_most);
    tcase_add_test(cases, a_duration_keeps_its_milliseconds);
    suite_add_tcase(suite, cases);
    return suite;
}

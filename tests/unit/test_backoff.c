/* Back-off. */
#include "ops/backoff.h"
#include "suites.h"

/* The shortest and the longest next wait, whatever the random number is. */
static void next_wait(struct backoff *backoff, uint32_t *shortest, uint32_t *longest) {
    struct backoff next = *backoff;
    *shortest = UINT32_MAX;
    *longest = 0;
    for (uint32_t random = 0; random < 2 * backoff->limit_ms; random++) {
        next = *backoff;
        uint32_t wait = backoff_next_ms(&next, random);
        *shortest = wait < *shortest ? wait : *shortest;
        *longest = wait > *longest ? wait : *longest;
    }
    *backoff = next;
}

START_TEST(waits_double_up_to_the_limit_and_begin_again_after_a_success) {
    static const uint32_t longest_waits[] = {100, 200, 400, 800, 1000, 1000};
    struct backoff backoff = {.first_ms = 100, .limit_ms = 1000};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof longest_waits / sizeof *longest_waits; i++) {
            uint32_t shortest, longest;
            next_wait(&backoff, &shortest, &longest);
            ck_assert_uint_eq(longest, longest_waits[i]);
            ck_assert_uint_eq(shortest, longest_waits[i] / 2);
        }
        backoff_reset(&backoff);
    }
}
END_TEST

START_TEST(a_first_wait_over_the_limit_is_cut) {
    struct backoff backoff = {.first_ms = 500, .limit_ms = 100};
    uint32_t shortest, longest;
    next_wait(&backoff, &shortest, &longest);
    ck_assert_uint_eq(longest, 100);
}
END_TEST

START_TEST(thousands_of_failures_do_not_overflow) {
    static const uint32_t first[] = {2, 3, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        struct backoff backoff = {.first_ms = first[i], .limit_ms = UINT32_MAX};
        uint32_t last = 0;
        for (int failure = 0; failure < 10000; failure++) {
            uint32_t wait = backoff_next_ms(&backoff, 0);
            ck_assert_msg(wait >= last, "%u ms follow %u ms", wait, last);
            last = wait;
        }
        ck_assert_uint_eq(last, UINT32_MAX / 2);

        backoff.failures = UINT32_MAX;
        ck_assert_uint_eq(backoff_next_ms(&backoff, 0), UINT32_MAX / 2);
        ck_assert_uint_eq(backoff_next_ms(&backoff, 0), UINT32_MAX / 2);
    }
}
END_TEST

Suite *backoff_suite(void) {
    Suite *suite = suite_create("backoff");
    TCase *cases = tcase_create("backoff");
    tcase_add_test(cases, waits_double_up_to_the_limit_and_begin_again_after_a_success);
    tcase_add_test(cases, a_first_wait_over_the_limit_is_cut);
    tcase_add_test(cases, thousands_of_failures_do_not_overflow);
    suite_add_tcase(suite, cases);
    return suite;
}

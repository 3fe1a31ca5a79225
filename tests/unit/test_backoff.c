/* Back-off. */
#include "ops/backoff.h"
#include "suites.h"

#include <sys/wait.h>
#include <unistd.h>

/* The shortest and the longest next wait, of 501 at most: 100,000 draws miss one of the two with a
 * probability of e^-199. */
static void next_wait(struct backoff *backoff, uint32_t *shortest, uint32_t *longest) {
    struct backoff next = *backoff;
    *shortest = UINT32_MAX;
    *longest = 0;
    for (int draw = 0; draw < 100000; draw++) {
        next = *backoff;
        uint32_t wait = backoff_next_ms(&next);
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
        uint64_t longest = first[i];
        for (int failure = 0; failure < 10000; failure++) {
            uint32_t wait = backoff_next_ms(&backoff);
            ck_assert_msg(wait >= longest / 2 && wait <= longest, "%u ms, and not half of %llu",
                          wait, (unsigned long long)longest);
            longest = longest < UINT32_MAX / 2 ? 2 * longest : UINT32_MAX;
        }
        backoff.failures = UINT32_MAX;
        ck_assert_uint_ge(backoff_next_ms(&backoff), UINT32_MAX / 2);
        ck_assert_uint_ge(backoff_next_ms(&backoff), UINT32_MAX / 2);
    }
}
END_TEST

/* As on hosts that were started from one image, or as supervisors after a power cut. */
START_TEST(processes_that_begin_alike_wait_differently) {
    enum { PROCESSES = 4 };
    uint32_t waits[PROCESSES];
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct backoff backoff = {.first_ms = UINT32_MAX, .limit_ms = UINT32_MAX};
            uint32_t wait = backoff_next_ms(&backoff);
            _exit(write(ends[1], &wait, sizeof wait) == sizeof wait ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_int_eq(read(ends[0], &waits[i], sizeof waits[i]), sizeof waits[i]);
        for (int earlier = 0; earlier < i; earlier++) {
            ck_assert_uint_ne(waits[earlier], waits[i]);
        }
    }
}
END_TEST

Suite *backoff_suite(void) {
    Suite *suite = suite_create("backoff");
    TCase *cases = tcase_create("backoff");
    tcase_add_test(cases, waits_double_up_to_the_limit_and_begin_again_after_a_success);
    tcase_add_test(cases, a_first_wait_over_the_limit_is_cut);
    tcase_add_test(cases, thousands_of_failures_do_not_overflow);
    tcase_add_test(cases, processes_that_begin_alike_wait_differently);
    suite_add_tcase(suite, cases);
    return suite;
}

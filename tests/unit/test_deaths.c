/* Which ends of processes are deaths. */
#include "process/deaths.h"
#include "suites.h"

/* As waitpid() has them. */
#define EXITED(status) ((status) << 8)
#define KILLED(signal) (signal)

START_TEST(who_ends_well_after_it_was_told_to_has_not_died) {
    static const struct {
        int status;
        bool was_draining, is_stopping, is_death;
    } cases[] = {
        {EXITED(0), true, false, false},
        {EXITED(0), false, false, true},
        {EXITED(0), true, true, false},
        {EXITED(0), false, true, false}, /* a service manager was faster than the supervisor */
        {EXITED(1), true, false, true},
        {EXITED(1), true, true, true},
        {KILLED(9), true, true, true},
        {KILLED(15), false, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct child_exit end = {.status = cases[i].status,
                                       .was_draining = cases[i].was_draining};
        ck_assert_msg(death_is_one(&end, cases[i].is_stopping) == cases[i].is_death, "case %zu", i);
    }
}
END_TEST

Suite *deaths_suite(void) {
    Suite *suite = suite_create("deaths");
    TCase *cases = tcase_create("deaths");
    tcase_add_test(cases, who_ends_well_after_it_was_told_to_has_not_died);
    suite_add_tcase(suite, cases);
    return suite;
}

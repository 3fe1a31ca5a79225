/* Errands on a fake libpq: who is refused, and what those are told that run when all ends. */
#include "db/errand.h"
#include "fake_libpq.h"
#include "suites.h"

enum { MOST = 2 };

static struct event_base *base;
static struct errands *errands;
static int dones;
static enum errand_outcome last_outcome;

static void on_done(void *owner, enum errand_outcome outcome, const PGresult *result,
                    const char *reason) {
    (void)owner;
    (void)result;
    (void)reason;
    dones++;
    last_outcome = outcome;
}

static void begin(void) {
    const struct errands_settings settings = {.database_url = "host=/nowhere dbname=fake",
                                              .application = "errands",
                                              .limit_ms = 60000,
                                              .most = MOST};
    char error[256] = "";
    base = event_base_new();
    errands = errands_new(base, &settings, error, sizeof error);
    ck_assert_msg(errands != NULL, "%s", error);
}

static void end(void) {
    errands_close(errands);
    errands_free(errands);
    event_base_loop(base, EVLOOP_NONBLOCK);
    event_base_free(base);
}

static bool run(void) {
    const struct errand errand = {.statements = {"SELECT 1"}, .on_done = on_done};
    return errands_run(errands, &errand);
}

START_TEST(more_than_the_most_are_refused_and_not_told) {
    for (int i = 0; i < MOST; i++) {
        ck_assert(run());
    }
    ck_assert(!run());
    ck_assert_int_eq(dones, 0);
}
END_TEST

START_TEST(those_that_run_are_told_of_the_end_and_those_that_come_then_are_refused) {
    ck_assert(run());
    errands_close(errands);
    ck_assert_int_eq(dones, 1);
    ck_assert_int_eq(last_outcome, ERRAND_REFUSED);
    ck_assert(!run());
    ck_assert_uint_eq(fake_sessions_open(), 0);
    ck_assert_int_eq(dones, 1);
}
END_TEST

Suite *errand_suite(void) {
    Suite *suite = suite_create("errand");
    TCase *cases = tcase_create("errand");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, more_than_the_most_are_refused_and_not_told);
    tcase_add_test(cases, those_that_run_are_told_of_the_end_and_those_that_come_then_are_refused);
    suite_add_tcase(suite, cases);
    return suite;
}

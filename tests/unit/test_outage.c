/* An outage: which reasons are told. */
#include "db/outage.h"
#include "suites.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct logger logger = {.level = LOG_LEVEL_INFO, .worker = 0};
static struct outage outage;
static int standard_error;
static int lines; /* a file that stands in for standard error */

static void begin(void) {
    outage = (struct outage){0};
    standard_error = dup(STDERR_FILENO);
    lines = memfd_create("lines", MFD_CLOEXEC);
    dup2(lines, STDERR_FILENO);
}

static void end(void) {
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(lines);
}

/* How much has been written, and whether that is more than at the last call. */
static bool has_told(void) {
    static off_t before;
    off_t size = lseek(lines, 0, SEEK_END);
    bool more = size > before;
    before = size;
    return more;
}

static bool tells(const char *reason) {
    (void)has_told();
    outage_note(&outage, &logger, "failed", reason);
    return has_told();
}

START_TEST(each_reason_is_told_once) {
    ck_assert(tells("connection to server at \"::1\", port 5432 failed: Connection refused"));
    ck_assert(
        !tells("connection to server at \"127.0.0.1\", port 5433 failed: Connection refused"));
    ck_assert(tells("connection to server failed: FATAL:  role \"x\" is not permitted to log in"));
    ck_assert(tells("connection to server failed: FATAL:  too many connections for role \"x\""));
    ck_assert(!tells("connection to server failed: FATAL:  role \"x\" is not permitted to log in"));
    ck_assert(tells("process 17 is gone"));
    ck_assert(!tells("process 4711 is gone"));
}
END_TEST

START_TEST(the_next_outage_tells_them_again) {
    outage_end(&outage, &logger);
    ck_assert_msg(!has_told(), "the end of no outage");
    ck_assert(tells("refused"));
    ck_assert(!tells("refused"));
    outage_end(&outage, &logger);
    ck_assert_msg(has_told(), "the end of one");
    ck_assert(tells("refused"));
}
END_TEST

START_TEST(there_are_only_so_many) {
    char reason[2] = "a";
    int told = 0;
    for (; *reason <= 'z'; ++*reason) {
        told += tells(reason);
    }
    ck_assert_int_eq(told, OUTAGE_REASONS_MAX);
}
END_TEST

Suite *outage_suite(void) {
    Suite *suite = suite_create("outage");
    TCase *cases = tcase_create("outage");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, each_reason_is_told_once);
    tcase_add_test(cases, the_next_outage_tells_them_again);
    tcase_add_test(cases, there_are_only_so_many);
    suite_add_tcase(suite, cases);
    return suite;
}

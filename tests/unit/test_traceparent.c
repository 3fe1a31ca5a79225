/* The header traceparent: what is well formed. */
#include "http/traceparent.h"
#include "suites.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

START_TEST(the_first_version_is_taken_as_the_standard_shows_it) {
    ck_assert(traceparent_is_valid("00-" TRACE "-" PARENT "-01"));
    ck_assert(traceparent_is_valid("00-" TRACE "-" PARENT "-00"));
    ck_assert(traceparent_is_valid("00-" TRACE "-" PARENT "-ff"));
}
END_TEST

START_TEST(a_later_version_may_go_on) {
    ck_assert(traceparent_is_valid("01-" TRACE "-" PARENT "-01"));
    ck_assert(traceparent_is_valid("cc-" TRACE "-" PARENT "-01-what-comes"));
    ck_assert(!traceparent_is_valid("cc-" TRACE "-" PARENT "-01.what-comes"));
    ck_assert(!traceparent_is_valid("00-" TRACE "-" PARENT "-01-what-comes"));
}
END_TEST

START_TEST(what_is_malformed_is_refused) {
    static const char *const malformed[] = {
        "",
        "00",
        "00-" TRACE,
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-01 ",
        "00-" TRACE "-" PARENT "-01, 00-" TRACE "-" PARENT "-01",
        "00-" TRACE "-" PARENT "-0g",
        "0-" TRACE "-" PARENT "-01",
        "ff-" TRACE "-" PARENT "-01",
        "0A-" TRACE "-" PARENT "-01",
        "00_" TRACE "-" PARENT "-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-001",
        "00-" TRACE "-00f067aa0ba902b-701",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        ck_assert_msg(!traceparent_is_valid(malformed[i]), "%s", malformed[i]);
    }
}
END_TEST

Suite *traceparent_suite(void) {
    Suite *suite = suite_create("traceparent");
    TCase *cases = tcase_create("traceparent");
    tcase_add_test(cases, the_first_version_is_taken_as_the_standard_shows_it);
    tcase_add_test(cases, a_later_version_may_go_on);
    tcase_add_test(cases, what_is_malformed_is_refused);
    suite_add_tcase(suite, cases);
    return suite;
}

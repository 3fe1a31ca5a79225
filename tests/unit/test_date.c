/* Dates in the forms that files have. */
#include "import/date.h"
#include "suites.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

START_TEST(all_forms_of_a_moment_are_read) {
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1538856000000", 1538856000000},
        {"0", 0},
        {"-1", -1},
        {"000000000000000000000001538856000000", 1538856000000},
        {"2018-10-06", 1538784000000},
        {"1970-01-01", 0},
        {"1969-12-31", -86400000},
        {"1538856000", 1538856000000},
        {"1538856000.123", 1538856000123},
        {"1000000000", 1000000000000},
        {"9999999999", 9999999999000},
        {"999999999", 999999999},
        {"10000000000", 10000000000},
        {"-1538856000", -1538856000},
        {"0001538856000", 1538856000000},
        {"1538856000123456", 1538856000123},
        {"2018-10-06T20:00:00Z", 1538856000000},
        {"2018-10-06t20:00:00z", 1538856000000},
        {"2018-10-06 20:00:00Z", 1538856000000},
        {"2018-10-06T20:00:00", 1538856000000},
        {"2018-10-06T20:00", 1538856000000},
        {"2018-10-06T20:00Z", 1538856000000},
        {"2018-10-06T20:00:00.1Z", 1538856000100},
        {"2018-10-06T20:00:00.123Z", 1538856000123},
        {"2018-10-06T20:00:00.123999999Z", 1538856000123},
        {"2018-10-06T20:00:00.0009", 1538856000000},
        {"2018-10-06T22:00:00+02:00", 1538856000000},
        {"2018-10-06T22:00:00+0200", 1538856000000},
        {"2018-10-06T22:00:00+02", 1538856000000},
        {"2018-10-06T14:30:00.500-05:30", 1538856000500},
        {"2018-10-07T05:45:00+09:45", 1538856000000},
        {"2020-02-29", 1582934400000},
        {"2000-02-29T23:59:59.999Z", 951868799999},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 1;
        ck_assert_msg(date_parse(cases[i].text, strlen(cases[i].text), &ms) && ms == cases[i].ms,
                      "%s became %" PRId64, cases[i].text, ms);
    }
}
END_TEST

START_TEST(the_years_are_1_to_9999) {
    static const char *const inside[] = {"0001-01-01",      "0001-01-01T00:00:00.000Z",
                                         "-62135596800000", "9999-12-31T23:59:59.9999Z",
                                         "253402300799999", "0001-01-01T01:00:00+01:00"};
    static const char *const outside[] = {
        "0000-12-31T23:59:59.999Z",  "-62135596800001",           "253402300800000",
        "9999-12-31T23:59:59-00:01", "0001-01-01T00:59:59+01:00", "10000-01-01",
        "9223372036854775807",       "99999999999999999999999",   "-99999999999999999999999"};
    int64_t ms;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        ck_assert_msg(date_parse(inside[i], strlen(inside[i]), &ms), "%s", inside[i]);
    }
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        ck_assert_msg(!date_parse(outside[i], strlen(outside[i]), &ms), "%s", outside[i]);
    }
}
END_TEST

START_TEST(what_is_no_date_is_refused) {
    static const char *const wrong[] = {
        "",
        "-",
        "1538856000.",
        "1538856000x",
        "1538856000000.5",
        "15388560001234567",
        "999999999999999",
        "--1",
        "+1",
        "1.5",
        "1e3",
        " 1",
        "1 ",
        "0x1",
        "soon",
        "2018-10x",
        "2018-10",
        "2018-1-6",
        "2018-10-6",
        "2018-13-01",
        "2018-00-10",
        "2018-10-00",
        "2018-02-30",
        "2019-02-29",
        "1900-02-29",
        "2018-04-31",
        "18-10-06",
        "2018/10/06",
        "06.10.2018",
        "2018-10-06T",
        "2018-10-06T20",
        "2018-10-06T20:",
        "2018-10-06T20:0",
        "2018-10-06T24:00",
        "2018-10-06T20:60",
        "2018-10-06T20:00:60",
        "2018-10-06T20:00:",
        "2018-10-06T20:00:00.",
        "2018-10-06T20:00:00.Z",
        "2018-10-06T20:00:00,5",
        "2018-10-06T20:00:00ZZ",
        "2018-10-06T20:00:00+",
        "2018-10-06T20:00:00+2",
        "2018-10-06T20:00:00+02:",
        "2018-10-06T20:00:00+02:0",
        "2018-10-06T20:00:00+24:00",
        "2018-10-06T20:00:00+02:60",
        "2018-10-06T20:00:00 UTC",
        "2018-10-06Z",
        "2018-10-06  20:00",
        "2018-10-06T20:00:00Z ",
        " 2018-10-06",
        "Sat Oct 06 2018",
    };
    int64_t ms;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!date_parse(wrong[i], strlen(wrong[i]), &ms), "%s", wrong[i]);
    }
    ck_assert(!date_parse("2018-10-06\0", 11, &ms));
}
END_TEST

START_TEST(the_length_decides_where_the_text_ends) {
    int64_t ms;
    ck_assert(date_parse("12345", 2, &ms));
    ck_assert_int_eq(ms, 12);
    ck_assert(date_parse("2018-10-06T20:00:00.123Z", 22, &ms));
    ck_assert_int_eq(ms, 1538856000120);
    ck_assert(!date_parse("2018-10-06", 9, &ms));
}
END_TEST

Suite *date_suite(void) {
    Suite *suite = suite_create("date");
    TCase *cases = tcase_create("date");
    tcase_add_test(cases, all_forms_of_a_moment_are_read);
    tcase_add_test(cases, the_years_are_1_to_9999);
    tcase_add_test(cases, what_is_no_date_is_refused);
    tcase_add_test(cases, the_length_decides_where_the_text_ends);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Prefer. */
#include "http/prefer.h"
#include "suites.h"

static bool has(const char *value) {
    return prefer_has(http_text_of(value), "count", "exact");
}

START_TEST(a_preference_is_found) {
    static const char *const values[] = {"count=exact",
                                         "Count = exact",
                                         "count=\"exact\"",
                                         "count=exact; note=1",
                                         "respond-async, count=exact",
                                         ",, wait=10 ,\tcount=exact ,count=none",
                                         "x=\"a,count=none\", count=exact",
                                         "x;count=none, count=exact"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_assert_msg(has(values[i]), "%s", values[i]);
    }
}
END_TEST

START_TEST(another_is_not) {
    static const char *const values[] = {NULL,
                                         "",
                                         "count",
                                         "count=",
                                         "count=\"",
                                         "count=\"exact",
                                         "count=Exact",
                                         "count=exactly",
                                         "counts=exact",
                                         "exact=count",
                                         "x=\"count=exact\"",
                                         "x=\", count=exact",
                                         "count=none, count=exact",
                                         "x; count=exact"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_assert_msg(!has(values[i]), "%s", values[i]);
    }
}
END_TEST

START_TEST(a_long_value_counts_as_none) {
    char value[PREFER_MAX + 2];
    memset(value, ',', sizeof value);
    memcpy(value, "count=exact", 11);
    ck_assert(prefer_has((struct http_text){value, PREFER_MAX}, "count", "exact"));
    ck_assert(!prefer_has((struct http_text){value, PREFER_MAX + 1}, "count", "exact"));
}
END_TEST

Suite *prefer_suite(void) {
    Suite *suite = suite_create("prefer");
    TCase *cases = tcase_create("prefer");
    tcase_add_test(cases, a_preference_is_found);
    tcase_add_test(cases, another_is_not);
    tcase_add_test(cases, a_long_value_counts_as_none);
    suite_add_tcase(suite, cases);
    return suite;
}

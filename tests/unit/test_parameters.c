/* Integers of paths and query strings. */
#include "qa/parameters.h"
#include "rules/limits.h"
#include "suites.h"

#include <string.h>

static bool parse(const char *text, int64_t most, int64_t *value) {
    const struct parameter parameter = {.name = "number", .most = most};
    return parameters_parse(&parameter, (struct http_text){text, strlen(text)}, value);
}

START_TEST(an_integer_is_digits_from_1_to_the_limit) {
    static const struct {
        const char *text;
        int64_t most, value;
    } cases[] = {
        {"1", INT64_MAX, 1},
        {"0042", INT64_MAX, 42},
        {"00000000000000000000000000000000000000001", INT64_MAX, 1},
        {"9223372036854775807", INT64_MAX, INT64_MAX},
        {"2147483647", PRODUCT_ID_MAX, PRODUCT_ID_MAX},
        {"5", 5, 5},
        {"1", 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        ck_assert_msg(parse(cases[i].text, cases[i].most, &value), "%s", cases[i].text);
        ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(anything_else_is_refused) {
    static const struct {
        const char *text;
        int64_t most;
    } cases[] = {
        {"", INT64_MAX},
        {"0", INT64_MAX},
        {"000", INT64_MAX},
        {"-1", INT64_MAX},
        {"+1", INT64_MAX},
        {" 1", INT64_MAX},
        {"1 ", INT64_MAX},
        {"1\n", INT64_MAX},
        {"1.0", INT64_MAX},
        {"1e3", INT64_MAX},
        {"0x1", INT64_MAX},
        {"1a", INT64_MAX},
        {"1/", INT64_MAX},
        {"1:", INT64_MAX},
        {"٣", INT64_MAX},
        {"9223372036854775808", INT64_MAX},
        {"18446744073709551617", INT64_MAX},
        {"99999999999999999999999999", INT64_MAX},
        {"2147483648", PRODUCT_ID_MAX},
        {"4294967297", PRODUCT_ID_MAX},
        {"6", 5},
        {"9", 5},
        {"10", 5},
        {"2", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value;
        ck_assert_msg(!parse(cases[i].text, cases[i].most, &value), "'%s'", cases[i].text);
    }
}
END_TEST

START_TEST(the_length_decides_where_the_text_ends) {
    int64_t value = 0;
    ck_assert(parameters_parse(&parameters_answer_id, (struct http_text){"123", 2}, &value));
    ck_assert_int_eq(value, 12);
    ck_assert(!parameters_parse(&parameters_answer_id, (struct http_text){"1\0002", 3}, &value));
    ck_assert(!parameters_parse(&parameters_answer_id, (struct http_text){"1", 2}, &value));
}
END_TEST

Suite *parameters_suite(void) {
    Suite *suite = suite_create("parameters");
    TCase *cases = tcase_create("parameters");
    tcase_add_test(cases, an_integer_is_digits_from_1_to_the_limit);
    tcase_add_test(cases, anything_else_is_refused);
    tcase_add_test(cases, the_length_decides_where_the_text_ends);
    suite_add_tcase(suite, cases);
    return suite;
}

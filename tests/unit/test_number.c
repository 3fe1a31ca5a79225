/* Decimal integers as text. */
#include "ops/number.h"
#include "suites.h"

#include <string.h>

START_TEST(only_digits_within_the_limits_are_a_number) {
    static const struct {
        const char *text;
        uint64_t least, most;
        bool is_number;
        uint64_t number;
    } cases[] = {
        {"1", 1, 9, true, 1},
        {"0", 0, 0, true, 0},
        {"007", 1, 9, true, 7},
        {"0", 1, 9, false, 0},
        {"10", 1, 9, false, 0},
        {"9", 1, 5, false, 0},
        {"2147483647", 1, INT32_MAX, true, INT32_MAX},
        {"2147483648", 1, INT32_MAX, false, 0},
        {"18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", 0, UINT64_MAX, false, 0},
        {"99999999999999999999", 0, UINT64_MAX, false, 0},
        {"", 0, 9, false, 0},
        {"-1", 0, 9, false, 0},
        {"+1", 0, 9, false, 0},
        {" 1", 0, 9, false, 0},
        {"1 ", 0, 9, false, 0},
        {"1.", 0, 9, false, 0},
        {"\xB2", 0, UINT64_MAX, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t number = 77;
        bool is_number = number_parse(cases[i].text, strlen(cases[i].text), cases[i].least,
                                      cases[i].most, &number);
        ck_assert_msg(is_number == cases[i].is_number, "case %zu", i);
        ck_assert_uint_eq(number, is_number ? cases[i].number : 77);
    }
    uint64_t number;
    ck_assert(!number_parse("1\0", 2, 0, 9, &number));
    ck_assert(number_parse("12", 1, 0, 9, &number) && number == 1);
}
END_TEST

START_TEST(a_number_comes_back_from_its_digits) {
    static const uint64_t numbers[] = {0, 9, 10, 1234567890, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char digits[NUMBER_DIGITS];
        uint64_t number;
        size_t length = number_format(digits, numbers[i]);
        ck_assert(number_parse(digits, length, 0, UINT64_MAX, &number));
        ck_assert_uint_eq(number, numbers[i]);
    }
}
END_TEST

Suite *number_suite(void) {
    Suite *suite = suite_create("number");
    TCase *cases = tcase_create("number");
    tcase_add_test(cases, only_digits_within_the_limits_are_a_number);
    tcase_add_test(cases, a_number_comes_back_from_its_digits);
    suite_add_tcase(suite, cases);
    return suite;
}

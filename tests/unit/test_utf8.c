/* What is UTF-8. */
#include "rules/utf8.h"
#include "suites.h"

#include <check.h>
#include <string.h>

START_TEST(every_code_point_is_valid_but_surrogates) {
    for (unsigned c = 0x80; c <= 0x10FFFF; c++) {
        char bytes[4];
        size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        unsigned rest = c;
        for (size_t i = length - 1; i > 0; i--, rest >>= 6) {
            bytes[i] = (char)(0x80 | (rest & 0x3F));
        }
        bytes[0] = (char)((0xF00U >> length & 0xF0) | rest);
        bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (utf8_is_valid(bytes, length) == is_surrogate || utf8_is_valid(bytes, length - 1)) {
            ck_abort_msg("U+%04X is taken wrongly", c);
        }
    }
}
END_TEST

START_TEST(what_is_not_well_formed_is_refused_wherever_it_stands) {
    static const char *const wrong[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xE2\x82(",
        "\xED\xA0\x80",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xFE",
        "\xF8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (size_t before = 0; before < 20; before++) {
            char text[64] = {0};
            memset(text, 'x', sizeof text);
            memcpy(text + before, wrong[i], strlen(wrong[i]));
            ck_assert_msg(!utf8_is_valid(text, sizeof text), "case %zu behind %zu", i, before);
            ck_assert(!utf8_is_valid(text, before + strlen(wrong[i])));
        }
    }
}
END_TEST

START_TEST(ascii_and_nothing_are_valid) {
    ck_assert(utf8_is_valid("", 0));
    ck_assert(utf8_is_valid("a\0b", 3));
    ck_assert(utf8_is_valid("plain text of some length, é in it, \x7F", 39));
}
END_TEST

Suite *utf8_suite(void) {
    Suite *suite = suite_create("utf8");
    TCase *cases = tcase_create("utf8");
    tcase_add_test(cases, every_code_point_is_valid_but_surrogates);
    tcase_add_test(cases, what_is_not_well_formed_is_refused_wherever_it_stands);
    tcase_add_test(cases, ascii_and_nothing_are_valid);
    suite_add_tcase(suite, cases);
    return suite;
}

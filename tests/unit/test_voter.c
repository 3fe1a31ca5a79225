/* Tokens of voters. */
#include "qa/voter.h"
#include "rules/limits.h"
#include "suites.h"

#include <string.h>

START_TEST(a_token_is_16_to_64_characters_of_its_alphabet) {
    static const struct {
        const char *text;
        bool is_token;
    } cases[] = {
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", true},
        {"abcdefghijklmnop", true},
        {"ABCXYZ0189-._~+/", true},
        {"c2hvcHBlciA0NzEx==", true},
        {"abcdefghijklmno", false},
        {"", false},
        {"abcdefghijklmnop ", false},
        {"abcdefgh ijklmnop", false},
        {"abcdefghijklmnop;", false},
        {"\"abcdefghijklmnop\"", false},
        {"abcdefghijklmno\xC3\xA9", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(voter_is_token(cases[i].text) == cases[i].is_token, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(a_token_has_an_end) {
    char text[VOTER_CHARACTERS_MAX + 2];
    memset(text, 'v', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert(!voter_is_token(text));
    text[VOTER_CHARACTERS_MAX] = '\0';
    ck_assert(voter_is_token(text));
}
END_TEST

Suite *voter_suite(void) {
    Suite *suite = suite_create("voter");
    TCase *cases = tcase_create("voter");
    tcase_add_test(cases, a_token_is_16_to_64_characters_of_its_alphabet);
    tcase_add_test(cases, a_token_has_an_end);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Lists of words. */
#include "ops/words.h"
#include "suites.h"

static const char *const words[] = {"one", "two", "three", NULL};

START_TEST(a_word_has_a_place) {
    ck_assert_int_eq(words_find(words, "one", 3), 0);
    ck_assert_int_eq(words_find(words, "three of them", 5), 2);
    ck_assert(words_have(words, "two"));
}
END_TEST

START_TEST(what_is_shorter_or_longer_is_no_word) {
    ck_assert_int_eq(words_find(words, "", 0), -1);
    ck_assert_int_eq(words_find(words, "on", 2), -1);
    ck_assert_int_eq(words_find(words, "one", 4), -1);
    ck_assert(!words_have(words, "One") && !words_have(words, "twos"));
}
END_TEST

Suite *words_suite(void) {
    Suite *suite = suite_create("words");
    TCase *cases = tcase_create("words");
    tcase_add_test(cases, a_word_has_a_place);
    tcase_add_test(cases, what_is_shorter_or_longer_is_no_word);
    suite_add_tcase(suite, cases);
    return suite;
}

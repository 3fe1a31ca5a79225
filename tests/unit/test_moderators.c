/* Who may moderate. */
#include "admin/moderators.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

#define ERNA "0123456789abcdef01234567"
#define EMIL "abcdefghijklmnopqrstuvwx"

static struct moderators *moderators;
static const char *name;

static void set_up(void) {
    moderators = moderators_new("Erna:" ERNA ", Emil:" EMIL);
    name = NULL;
}

static void tear_down(void) {
    moderators_free(moderators);
}

START_TEST(each_token_is_that_of_its_name) {
    ck_assert_int_eq(moderators_find(moderators, ERNA, "", 0, &name), MODERATORS_KNOWN);
    ck_assert_str_eq(name, "Erna");
    ck_assert_int_eq(moderators_find(moderators, EMIL, "127.0.0.1", 0, &name), MODERATORS_KNOWN);
    ck_assert_str_eq(name, "Emil");
}
END_TEST

START_TEST(nothing_else_is_a_token) {
    static const char *const tokens[] = {"", "Erna", "Erna:" ERNA, ERNA "x",
                                         "0123456789abcdef0123456"};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        ck_assert_int_eq(moderators_find(moderators, tokens[i], "", 0, &name), MODERATORS_UNKNOWN);
    }
    ck_assert_ptr_null(name);
}
END_TEST

START_TEST(who_sends_wrong_tokens_has_to_wait_and_nobody_else) {
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(moderators_find(moderators, "wrong", "10.0.0.1", 1000 + i, &name),
                         MODERATORS_UNKNOWN);
    }
    ck_assert_int_eq(moderators_find(moderators, ERNA, "10.0.0.1", 60000, &name), MODERATORS_WAIT);
    ck_assert_int_eq(moderators_find(moderators, ERNA, "10.0.0.2", 60000, &name), MODERATORS_KNOWN);
    ck_assert_int_eq(moderators_find(moderators, ERNA, "10.0.0.1", 61000, &name), MODERATORS_KNOWN);
}
END_TEST

START_TEST(many_addresses_take_no_more_room) {
    char address[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 250, i % 250);
        ck_assert_int_eq(moderators_find(moderators, "wrong", address, i, &name),
                         MODERATORS_UNKNOWN);
    }
    ck_assert_int_eq(moderators_find(moderators, EMIL, "10.0.0.1", 2000, &name), MODERATORS_KNOWN);
}
END_TEST

START_TEST(a_list_is_names_with_long_tokens) {
    char error[200] = "";
    ck_assert(moderators_check("", error, sizeof error));
    ck_assert(moderators_check(" Erna:" ERNA "  Emil:" EMIL ",", error, sizeof error));
    static const char *const wrong[] = {ERNA, ":" ERNA, "Erna:short", "Erna: " ERNA, "\xff:" ERNA};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!moderators_check(wrong[i], error, sizeof error), "'%s'", wrong[i]);
        ck_assert_ptr_null(strstr(error, ERNA));
        ck_assert_ptr_null(strstr(error, "short"));
    }
}
END_TEST

Suite *moderators_suite(void) {
    Suite *suite = suite_create("moderators");
    TCase *cases = tcase_create("moderators");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, each_token_is_that_of_its_name);
    tcase_add_test(cases, nothing_else_is_a_token);
    tcase_add_test(cases, who_sends_wrong_tokens_has_to_wait_and_nobody_else);
    tcase_add_test(cases, many_addresses_take_no_more_room);
    tcase_add_test(cases, a_list_is_names_with_long_tokens);
    suite_add_tcase(suite, cases);
    return suite;
}

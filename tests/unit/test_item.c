/* What moderators decide about. */
#include "moderation/decision.h"
#include "rules/reason.h"
#include "suites.h"

START_TEST(an_item_is_called_as_in_the_api) {
    struct item item;
    ck_assert(item_parse("questions/37", &item));
    ck_assert_str_eq(item.kind, "question");
    ck_assert_str_eq(item.id, "37");
    ck_assert(item_parse("answers/0009223372036854775807", &item));
    ck_assert_str_eq(item.kind, "answer");
    ck_assert_str_eq(item.id, "9223372036854775807");
}
END_TEST

START_TEST(nothing_else_is_an_item) {
    static const char *const texts[] = {
        "",
        "37",
        "questions",
        "questions/",
        "questions/0",
        "question/3",
        "questions/3x",
        "questions/-3",
        "questions/3/4",
        "answers/9223372036854775808",
        " answers/3",
        "Answers/3",
        "answers/ 3",
        "photos/3",
        "answers//3",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct item item;
        ck_assert_msg(!item_parse(texts[i], &item), "'%s' is no item", texts[i]);
    }
}
END_TEST

START_TEST(a_product_is_held_and_no_item) {
    static const char *const others[] = {
        "5", "products/", "products/0", "products/2147483648", "products/5x", "questions/5"};
    struct item item;
    char id[ITEM_ID_SIZE];
    ck_assert(item_parse_product("products/02147483647", id));
    ck_assert_str_eq(id, "2147483647");
    ck_assert(!item_parse("products/5", &item));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert_msg(!item_parse_product(others[i], id), "'%s' is no product", others[i]);
    }
}
END_TEST

START_TEST(words_are_known_as_a_whole) {
    ck_assert(decision_is_known("approve") && decision_is_known("undo"));
    ck_assert(!decision_is_known("Approve") && !decision_is_known(""));
    ck_assert(decision_is_hold("hold") && decision_is_hold("release"));
    ck_assert(!decision_is_hold("hide") && !decision_is_known("hold"));
    ck_assert(item_is_choice("queue") && item_is_choice("waiting") && !item_is_choice("queues"));
    ck_assert(item_is_kind("answer") && !item_is_kind("answers"));
    ck_assert(reason_is_known("personal-data") && !reason_is_known("personal"));
}
END_TEST

START_TEST(each_refusal_has_words_for_people) {
    static const char *const refusals[] = {"missing", "erased", "nothing", "later"};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        ck_assert_str_ne(item_why_not(refusals[i]), refusals[i]);
    }
}
END_TEST

Suite *item_suite(void) {
    Suite *suite = suite_create("item");
    TCase *cases = tcase_create("item");
    tcase_add_test(cases, an_item_is_called_as_in_the_api);
    tcase_add_test(cases, nothing_else_is_an_item);
    tcase_add_test(cases, a_product_is_held_and_no_item);
    tcase_add_test(cases, words_are_known_as_a_whole);
    tcase_add_test(cases, each_refusal_has_words_for_people);
    suite_add_tcase(suite, cases);
    return suite;
}

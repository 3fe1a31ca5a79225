/* The parameter `product_ids`. */
#include "qa/product_ids.h"
#include "suites.h"

#include <stdio.h>

/* Of `product_ids=TEXT`; NULL: it is wrong. */
static const char *read_text(const char *text) {
    static char array[PRODUCT_IDS_SIZE];
    char target_text[4096], buffer[4096];
    struct http_target target;
    snprintf(target_text, sizeof target_text, "/qa/counts?product_ids=%s", text);
    http_target_parse(&target, http_text_of(target_text), buffer);
    return product_ids_read(&target, array) ? array : NULL;
}

/* So many times the largest number. */
static void repeat(char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        text += sprintf(text, "%s2147483647", i == 0 ? "" : ",");
    }
}

START_TEST(several_products_are_an_array) {
    ck_assert_str_eq(read_text("5"), "{5}");
    ck_assert_str_eq(read_text("5,37,5"), "{5,37,5}");
    ck_assert_str_eq(read_text("05%2c0037"), "{5,37}");
    ck_assert_str_eq(read_text("5&product_ids=x"), "{5}");
}
END_TEST

START_TEST(as_many_as_allowed_fit) {
    char text[PRODUCT_IDS_MAX * 11], array[PRODUCT_IDS_SIZE];
    repeat(text, PRODUCT_IDS_MAX);
    snprintf(array, sizeof array, "{%s}", text);
    ck_assert_str_eq(read_text(text), array);
}
END_TEST

START_TEST(what_breaks_the_rule_is_wrong) {
    static const char *const wrong[] = {"",     ",",   "1,",    ",1",    "1,,2",       "1, 2", "0",
                                        "1,-2", "1+2", "1%002", "1,%zz", "2147483648", "{1}",  "x"};
    char text[(PRODUCT_IDS_MAX + 1) * 11];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!read_text(wrong[i]), "%s", wrong[i]);
    }
    repeat(text, PRODUCT_IDS_MAX + 1);
    ck_assert(!read_text(text));
}
END_TEST

Suite *product_ids_suite(void) {
    Suite *suite = suite_create("product_ids");
    TCase *cases = tcase_create("product_ids");
    tcase_add_test(cases, several_products_are_an_array);
    tcase_add_test(cases, as_many_as_allowed_fit);
    tcase_add_test(cases, what_breaks_the_rule_is_wrong);
    suite_add_tcase(suite, cases);
    return suite;
}

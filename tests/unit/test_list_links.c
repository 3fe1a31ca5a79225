/* Links between the pages of a list. */
#include "qa/list_links.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

/* With a query string, of the list's page `page`. */
static const char *links_of(const char *query, int64_t page, bool has_more, bool is_not_modified) {
    static char links[LIST_LINKS_SIZE];
    const struct page_key key = {.kind = PAGE_QUESTIONS, .id = 5, .page = page, .count = 5};
    char *text = malloc(strlen(query) + 2), *buffer = malloc(strlen(query) + 2);
    struct http_target target;
    text[0] = '/';
    strcpy(text + 1, query);
    http_target_parse(&target, http_text_of(text), buffer);
    links[0] = '\0';
    size_t length = list_links_write(&target, &key, has_more, is_not_modified, links);
    ck_assert_uint_eq(length, strlen(links));
    free(text);
    free(buffer);
    return links;
}

START_TEST(neighbours_are_linked) {
    ck_assert_str_eq(links_of("?product_id=5", 1, false, false), "");
    ck_assert_str_eq(links_of("?product_id=5", 1, true, false),
                     "<?product_id=5&page=2>; rel=\"next\"");
    ck_assert_str_eq(links_of("?product_id=5&page=3", 3, false, false),
                     "<?product_id=5&page=2>; rel=\"prev\"");
    ck_assert_str_eq(links_of("", 2, true, false),
                     "<?page=3>; rel=\"next\", <?page=1>; rel=\"prev\"");
    ck_assert_str_eq(links_of("", INT64_MAX, true, false),
                     "<?page=9223372036854775806>; rel=\"prev\"");
}
END_TEST

START_TEST(with_304_there_always_is_a_link) {
    ck_assert_str_eq(links_of("?count=5", 1, false, true), "<?count=5&page=1>; rel=\"first\"");
    ck_assert_str_eq(links_of("?count=5", 1, true, true), "<?count=5&page=2>; rel=\"next\"");
}
END_TEST

START_TEST(other_parameters_are_kept) {
    ck_assert_str_eq(links_of("?a&page=1&b=%20+%C3%A4&&pa%67e=7&c=page=2&page", 1, true, false),
                     "<?a&b=%20+%C3%A4&c=page=2&page=2>; rel=\"next\"");
}
END_TEST

START_TEST(what_is_no_part_of_a_uri_is_escaped) {
    ck_assert_str_eq(links_of("?a=<>\"\\^`{|}#[]&b=%zz%4&c=\xc3\xa4 \r\n", 1, true, false),
                     "<?a=%3C%3E%22%5C%5E%60%7B%7C%7D%23%5B%5D&b=%25zz%254&c=%C3%A4%20%0D%0A"
                     "&page=2>; rel=\"next\"");
}
END_TEST

START_TEST(a_long_query_string_has_none) {
    char query[2 * LIST_LINKS_QUERY_MAX] = "?a=";
    memset(query + 3, 'x', LIST_LINKS_QUERY_MAX - 10);
    ck_assert_uint_gt(strlen(links_of(query, 2, true, false)), 2 * LIST_LINKS_QUERY_MAX - 10);
    memset(query + 3, 'x', LIST_LINKS_QUERY_MAX);
    ck_assert_str_eq(links_of(query, 2, true, false), "");
    memset(query + 3, '<', LIST_LINKS_QUERY_MAX / 3);
    query[3 + LIST_LINKS_QUERY_MAX / 3] = '\0';
    ck_assert_str_eq(links_of(query, 2, true, true), "");
}
END_TEST

Suite *list_links_suite(void) {
    Suite *suite = suite_create("list_links");
    TCase *cases = tcase_create("list_links");
    tcase_add_test(cases, neighbours_are_linked);
    tcase_add_test(cases, with_304_there_always_is_a_link);
    tcase_add_test(cases, other_parameters_are_kept);
    tcase_add_test(cases, what_is_no_part_of_a_uri_is_escaped);
    tcase_add_test(cases, a_long_query_string_has_none);
    suite_add_tcase(suite, cases);
    return suite;
}

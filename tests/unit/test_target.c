/* Request targets: path and query. */
#include "http/target.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static struct http_target target; /* the last that was parsed */
static char *text;                /* its memory, of exactly the size that it needs */

static void parse(const char *given) {
    const size_t length = strlen(given);
    free(text);
    text = malloc(2 * length + !*given);
    memcpy(text, given, length);
    http_target_parse(&target, (struct http_text){text, length}, text + length);
}

static void release(void) {
    free(text);
    text = NULL;
}

static bool text_equals(struct http_text actual, const char *expected, size_t length) {
    return actual.length == length && memcmp(actual.data, expected, length) == 0;
}

START_TEST(a_path_is_split_at_its_slashes_and_then_decoded) {
    static const struct {
        const char *target;
        const char *segments[4]; /* up to the first NULL */
    } cases[] = {
        {"/a/b", {"a", "b"}},
        {"/a/b/", {"a", "b"}},
        {"/a//b", {"a", "", "b"}},
        {"/a/b//", {"a", "b", ""}},
        {"/", {""}},
        {"/a%2Fb/c", {"a/b", "c"}},
        {"/%41%5a%5A", {"AZZ"}},
        {"/%C3%a9", {"é"}},
        {"/%2541", {"%41"}},
        {"/a+b", {"a+b"}},
        {"/a?b/c", {"a"}},
        {"/a/?b", {"a"}},
        {"*", {NULL}},
        {"", {NULL}},
        {"?a", {NULL}},
        {"http://host/a", {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parse(cases[i].target);
        size_t count = 0;
        for (const char *const *segment = cases[i].segments; *segment; segment++, count++) {
            ck_assert_msg(text_equals(target.segments[count], *segment, strlen(*segment)),
                          "segment %zu of %s is %.*s", count, cases[i].target,
                          (int)target.segments[count].length, target.segments[count].data);
        }
        ck_assert_msg(target.segment_count == count, "%s has %zu segments", cases[i].target,
                      target.segment_count);
    }
}
END_TEST

START_TEST(a_malformed_segment_stays_as_it_came) {
    static const char *const segments[] = {"%", "%4", "a%", "a%4", "%zz", "%4g", "%-1", "%41%zz"};
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        char path[16] = "/";
        parse(strcat(path, segments[i]));
        ck_assert_uint_eq(target.segment_count, 1);
        ck_assert(text_equals(target.segments[0], segments[i], strlen(segments[i])));
    }
}
END_TEST

START_TEST(a_path_may_hold_u_0000) {
    parse("/a%00b");
    ck_assert(text_equals(target.segments[0], "a\0b", 3));
}
END_TEST

START_TEST(segments_are_counted_up_to_one_too_many) {
    parse("/1/2/3/4/5/6/7/8/9/10/11");
    ck_assert_uint_eq(target.segment_count, HTTP_SEGMENTS_MAX + 1);
    ck_assert(text_equals(target.segments[HTTP_SEGMENTS_MAX - 1], "8", 1));
}
END_TEST

START_TEST(a_query_parameter_is_the_first_of_its_name_decoded) {
    static const struct {
        const char *target;
        const char *page; /* NULL: absent */
    } cases[] = {
        {"/?page=2", "2"},
        {"/?page=2&page=3", "2"},
        {"/?page=&page=3", ""},
        {"/?page", ""},
        {"/?page&page=3", ""},
        {"/?a=1&page=2&b=3", "2"},
        {"/?&&page=2&", "2"},
        {"/?p%61%67e=2", "2"},
        {"/?page=a+b%20c", "a b c"},
        {"/?page=%2B%26%3D", "+&="},
        {"/?page=a=b", "a=b"},
        {"/?page=2?", "2?"},
        {"/?page=%C3%a9", "é"},
        {"/?page=%2541", "%41"},
        {"/?a=%zz&page=2", "2"},
        {"/?pa%ge=1&page=2", "2"},
        {"/", NULL},
        {"/?", NULL},
        {"/page=2", NULL},
        {"/?Page=2", NULL},
        {"/?pages=2", NULL},
        {"/?pag=2", NULL},
        {"/?a=page=2", NULL},
        {"/?page%00=2", NULL},
        {"/?page+=2", NULL},
        {"/?=page", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *page = cases[i].page;
        struct http_text value = {"", 0};
        parse(cases[i].target);
        enum http_query_result result = http_target_query(&target, "page", &value);
        ck_assert_msg(result == (page ? HTTP_QUERY_FOUND : HTTP_QUERY_ABSENT), "%s: result %d",
                      cases[i].target, (int)result);
        ck_assert_msg(!page || text_equals(value, page, strlen(page)), "%s: %.*s", cases[i].target,
                      (int)value.length, value.data);
    }
}
END_TEST

START_TEST(a_percent_without_two_digits_is_malformed) {
    static const char *const targets[] = {
        "/?page=%",   "/?page=%4",     "/?page=1%",  "/?page=%zz", "/?page=%4g",
        "/?page=%-1", "/?page=%&a=41", "/?page=%+1", "/?page=% 1", "/?page=%zz&page=2"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct http_text value;
        parse(targets[i]);
        ck_assert_msg(http_target_query(&target, "page", &value) == HTTP_QUERY_MALFORMED, "%s",
                      targets[i]);
    }
}
END_TEST

START_TEST(a_query_value_may_hold_u_0000) {
    struct http_text value;
    parse("/?page=1%00");
    ck_assert_int_eq(http_target_query(&target, "page", &value), HTTP_QUERY_FOUND);
    ck_assert(text_equals(value, "1", 2));
}
END_TEST

START_TEST(a_query_can_be_asked_again) {
    struct http_text value;
    parse("/?page=%31&count=%32");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(http_target_query(&target, "count", &value), HTTP_QUERY_FOUND);
        ck_assert(text_equals(value, "2", 1));
        ck_assert_int_eq(http_target_query(&target, "page", &value), HTTP_QUERY_FOUND);
        ck_assert(text_equals(value, "1", 1));
    }
}
END_TEST

START_TEST(a_pattern_matches_segment_by_segment) {
    static const struct {
        const char *target, *pattern;
        const char *parameter; /* NULL: it does not match */
    } cases[] = {
        {"/things/5", "/things/:id", "5"},
        {"/things/%35/?a", "/things/:id", "5"},
        {"/things/:id", "/things/:id", ":id"},
        {"/things", "/things", ""},
        {"/1/2/3/4/5/6/7/8", "/1/2/3/4/5/6/7/:last", "8"},
        {"/things//", "/things/:id", NULL},
        {"/things", "/things/:id", NULL},
        {"/things/5/6", "/things/:id", NULL},
        {"/1/2/3/4/5/6/7/8/9", "/1/2/3/4/5/6/7/:last", NULL},
        {"/1/2/3/4/5/6/7/8/9", "/1/2/3/4/5/6/7/8/9", NULL},
        {"", "/things", NULL},
        {"*", "/:id", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *expected = cases[i].parameter;
        struct http_text parameter;
        parse(cases[i].target);
        bool matches = http_target_matches(&target, cases[i].pattern, &parameter);
        ck_assert_msg(matches == (expected != NULL), "%s", cases[i].target);
        ck_assert(!matches || text_equals(parameter, expected, strlen(expected)));
    }
}
END_TEST

START_TEST(u_0000_in_a_target_is_a_byte_like_others) {
    char memory[2 * 9];
    struct http_text parameter, value;
    http_target_parse(&target, (struct http_text){memcpy(memory, "/a\0b?c\0=\0", 9), 9},
                      memory + 9);
    ck_assert(http_target_matches(&target, "/:segment", &parameter));
    ck_assert(text_equals(parameter, "a\0b", 3));
    ck_assert_int_eq(http_target_query(&target, "c", &value), HTTP_QUERY_ABSENT);
}
END_TEST

Suite *target_suite(void) {
    Suite *suite = suite_create("target");
    TCase *cases = tcase_create("target");
    tcase_add_checked_fixture(cases, NULL, release);
    tcase_add_test(cases, a_path_is_split_at_its_slashes_and_then_decoded);
    tcase_add_test(cases, a_malformed_segment_stays_as_it_came);
    tcase_add_test(cases, a_path_may_hold_u_0000);
    tcase_add_test(cases, segments_are_counted_up_to_one_too_many);
    tcase_add_test(cases, a_query_parameter_is_the_first_of_its_name_decoded);
    tcase_add_test(cases, a_percent_without_two_digits_is_malformed);
    tcase_add_test(cases, a_query_value_may_hold_u_0000);
    tcase_add_test(cases, a_query_can_be_asked_again);
    tcase_add_test(cases, a_pattern_matches_segment_by_segment);
    tcase_add_test(cases, u_0000_in_a_target_is_a_byte_like_others);
    suite_add_tcase(suite, cases);
    return suite;
}

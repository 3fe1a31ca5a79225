/* Request targets, query parameters and bodies. What needs a live connection is tested end to end.
 */
#include "http/request.h"
#include "suites.h"

#include <string.h>

static bool text_equals(struct http_text text, const char *expected, size_t length) {
    return text.length == length && memcmp(text.data, expected, length) == 0;
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
        struct http_request *request = http_request_new(cases[i].target);
        size_t count = 0;
        for (const char *const *segment = cases[i].segments; *segment; segment++, count++) {
            ck_assert_msg(text_equals(request->segments[count], *segment, strlen(*segment)),
                          "segment %zu of %s is %s", count, cases[i].target,
                          request->segments[count].data);
        }
        ck_assert_msg(request->segment_count == count, "%s has %zu segments", cases[i].target,
                      request->segment_count);
        http_request_free(request);
    }
}
END_TEST

START_TEST(a_malformed_segment_stays_as_it_came) {
    static const char *const segments[] = {"%", "%4", "a%", "a%4", "%zz", "%4g", "%-1", "%41%zz"};
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        char target[16] = "/";
        struct http_request *request = http_request_new(strcat(target, segments[i]));
        ck_assert_str_eq(request->segments[0].data, segments[i]);
        ck_assert_uint_eq(request->segments[0].length, strlen(segments[i]));
        http_request_free(request);
    }
}
END_TEST

START_TEST(a_path_may_hold_u_0000) {
    struct http_request *request = http_request_new("/a%00b");
    ck_assert(text_equals(request->segments[0], "a\0b", 3));
    http_request_free(request);
}
END_TEST

START_TEST(segments_are_counted_up_to_one_too_many) {
    struct http_request *request = http_request_new("/1/2/3/4/5/6/7/8/9/10/11");
    ck_assert_uint_eq(request->segment_count, HTTP_SEGMENTS_MAX + 1);
    ck_assert_str_eq(request->segments[HTTP_SEGMENTS_MAX - 1].data, "8");
    http_request_free(request);
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
        struct http_request *request = http_request_new(cases[i].target);
        enum http_query_result result = http_request_query(request, "page", &value);
        ck_assert_msg(result == (page ? HTTP_QUERY_FOUND : HTTP_QUERY_ABSENT), "%s: result %d",
                      cases[i].target, (int)result);
        ck_assert_msg(!page || text_equals(value, page, strlen(page)), "%s: %s", cases[i].target,
                      value.data);
        http_request_free(request);
    }
}
END_TEST

START_TEST(a_percent_without_two_digits_is_malformed) {
    static const char *const targets[] = {
        "/?page=%",   "/?page=%4",     "/?page=1%",  "/?page=%zz", "/?page=%4g",
        "/?page=%-1", "/?page=%&a=41", "/?page=%+1", "/?page=% 1", "/?page=%zz&page=2"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct http_text value;
        struct http_request *request = http_request_new(targets[i]);
        ck_assert_msg(http_request_query(request, "page", &value) == HTTP_QUERY_MALFORMED, "%s",
                      targets[i]);
        http_request_free(request);
    }
}
END_TEST

START_TEST(a_query_value_may_hold_u_0000) {
    struct http_text value;
    struct http_request *request = http_request_new("/?page=1%00");
    ck_assert_int_eq(http_request_query(request, "page", &value), HTTP_QUERY_FOUND);
    ck_assert(text_equals(value, "1", 2));
    http_request_free(request);
}
END_TEST

START_TEST(a_query_can_be_asked_again) {
    struct http_text value;
    struct http_request *request = http_request_new("/?page=%31&count=%32");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(http_request_query(request, "count", &value), HTTP_QUERY_FOUND);
        ck_assert(text_equals(value, "2", 1));
        ck_assert_int_eq(http_request_query(request, "page", &value), HTTP_QUERY_FOUND);
        ck_assert(text_equals(value, "1", 1));
    }
    http_request_free(request);
}
END_TEST

START_TEST(the_pieces_of_a_body_are_put_together) {
    static const char *const pieces[] = {"{\"a", "", "\": 1", "}"};
    struct http_request *request = http_request_new("/");
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        http_request_add_body(request, pieces[i], strlen(pieces[i]));
    }
    ck_assert_str_eq(request->body, "{\"a\": 1}");
    ck_assert_uint_eq(request->body_length, strlen(request->body));
    http_request_free(request);
}
END_TEST

START_TEST(a_body_may_be_as_long_as_the_limit_and_no_longer) {
    enum { LIMIT = HTTP_BODY_LIMIT_BYTES };
    static const struct {
        size_t pieces[3];
        bool too_large;
    } cases[] = {
        {{LIMIT, 0, 0}, false}, {{LIMIT - 1, 1, 0}, false},    {{LIMIT + 1, 0, 0}, true},
        {{LIMIT, 1, 0}, true},  {{LIMIT - 1, LIMIT, 1}, true}, {{LIMIT + 1, 1, 1}, true},
    };
    static const char data[LIMIT + 1];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request *request = http_request_new("/");
        for (size_t piece = 0; piece < 3; piece++) {
            http_request_add_body(request, data, cases[i].pieces[piece]);
        }
        ck_assert_msg(request->body_too_large == cases[i].too_large, "case %zu", i);
        ck_assert(cases[i].too_large || request->body_length == LIMIT);
        http_request_free(request);
    }
}
END_TEST

START_TEST(method_names_are_exact) {
    static const struct {
        const char *name;
        enum http_method method;
    } cases[] = {
        {"GET", HTTP_GET},   {"HEAD", HTTP_HEAD},       {"POST", HTTP_POST},
        {"PUT", HTTP_PUT},   {"OPTIONS", HTTP_OPTIONS}, {"DELETE", HTTP_OTHER},
        {"get", HTTP_OTHER}, {"GETS", HTTP_OTHER},      {"", HTTP_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(http_method_from_name(cases[i].name) == cases[i].method, "%s", cases[i].name);
    }
}
END_TEST

Suite *request_suite(void) {
    Suite *suite = suite_create("request");
    TCase *cases = tcase_create("request");
    tcase_add_test(cases, a_path_is_split_at_its_slashes_and_then_decoded);
    tcase_add_test(cases, a_malformed_segment_stays_as_it_came);
    tcase_add_test(cases, a_path_may_hold_u_0000);
    tcase_add_test(cases, segments_are_counted_up_to_one_too_many);
    tcase_add_test(cases, a_query_parameter_is_the_first_of_its_name_decoded);
    tcase_add_test(cases, a_percent_without_two_digits_is_malformed);
    tcase_add_test(cases, a_query_value_may_hold_u_0000);
    tcase_add_test(cases, a_query_can_be_asked_again);
    tcase_add_test(cases, the_pieces_of_a_body_are_put_together);
    tcase_add_test(cases, a_body_may_be_as_long_as_the_limit_and_no_longer);
    tcase_add_test(cases, method_names_are_exact);
    suite_add_tcase(suite, cases);
    return suite;
}

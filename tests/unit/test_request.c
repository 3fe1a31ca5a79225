/* Methods and bodies. What needs a live connection is tested end to end. */
#include "http/request.h"
#include "suites.h"

#include <string.h>

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
        {"PUT", HTTP_PUT},   {"OPTIONS", HTTP_OPTIONS}, {"DELETE", HTTP_DELETE},
        {"get", HTTP_OTHER}, {"GETS", HTTP_OTHER},      {"PATCH", HTTP_OTHER},
        {"", HTTP_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(http_method_from_name(cases[i].name) == cases[i].method, "%s", cases[i].name);
    }
}
END_TEST

Suite *request_suite(void) {
    Suite *suite = suite_create("request");
    TCase *cases = tcase_create("request");
    tcase_add_test(cases, the_pieces_of_a_body_are_put_together);
    tcase_add_test(cases, a_body_may_be_as_long_as_the_limit_and_no_longer);
    tcase_add_test(cases, method_names_are_exact);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Route matching. */
#include "http/route.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

static bool is_secret(const struct http_request *request) {
    const struct http_text parameter = request->parameter;
    return parameter.length == 6 && memcmp(parameter.data, "secret", 6) == 0;
}

static const struct http_route routes[] = {
    {.method = HTTP_GET, .pattern = "/things"},
    {.method = HTTP_POST, .pattern = "/things"},
    {.method = HTTP_PUT, .pattern = "/things/:id/helpful"},
    {.method = HTTP_GET, .pattern = "/a/b/c/d/e/f/g/:last"},
    {.method = HTTP_GET, .pattern = "/:file", .exists = is_secret},
    {.pattern = NULL},
};

struct match {
    const char *pattern; /* NULL when no route fits */
    char parameter[32];
    unsigned allowed;
};

static struct match match(enum http_method method, const char *target) {
    struct match found = {.allowed = ~0U}; /* to be set in any case */
    struct http_request *request = http_request_new(target);
    request->method = method;
    const struct http_route *route = http_route_match(routes, request, &found.allowed);
    ck_assert_ptr_eq(route, request->route);
    if (route) {
        found.pattern = route->pattern;
        snprintf(found.parameter, sizeof found.parameter, "%.*s", (int)request->parameter.length,
                 request->parameter.data);
    }
    http_request_free(request);
    return found;
}

START_TEST(a_path_matches_segment_by_segment) {
    static const struct {
        const char *target, *pattern;
    } cases[] = {
        {"/things", "/things"},
        {"/things/", "/things"},
        {"/things?a=/b", "/things"},
        {"/things/?a=/b", "/things"},
        {"/th%69ngs", "/things"},
        {"/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/g/:last"},
        {"/a/b/c/d/e/f/g/h/", "/a/b/c/d/e/f/g/:last"},
        {"/things//", NULL},
        {"//things", NULL},
        {"/thing", NULL},
        {"/thingss", NULL},
        {"/Things", NULL},
        {"/things%2F", NULL},
        {"/things%00", NULL},
        {"/things/5", NULL},
        {"/a%2Fb/c/d/e/f/g/h", NULL},
        {"/a/b/c/d/e/f/g/h/i", NULL},
        {"/a/b/c/d/e/f/g", NULL},
        {"/a/b/c/d/e/f/g//", NULL},
        {"things", NULL},
        {"/", NULL},
        {"*", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *pattern = match(HTTP_GET, cases[i].target).pattern;
        ck_assert_msg(pattern == cases[i].pattern ||
                          (pattern && cases[i].pattern && strcmp(pattern, cases[i].pattern) == 0),
                      "%s matches %s", cases[i].target, pattern ? pattern : "nothing");
    }
}
END_TEST

START_TEST(the_parameter_is_the_decoded_segment) {
    static const struct {
        const char *target, *parameter;
    } cases[] = {
        {"/things/5/helpful", "5"},       {"/things/%35/helpful/", "5"},
        {"/things/a%2Fb/helpful", "a/b"}, {"/things/a+b/helpful", "a+b"},
        {"/things/%C3%A9/helpful", "é"},  {"/things/helpful/helpful", "helpful"},
        {"/things/5%zz/helpful", "5%zz"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_str_eq(match(HTTP_PUT, cases[i].target).parameter, cases[i].parameter);
    }
}
END_TEST

START_TEST(a_parameter_is_never_empty) {
    ck_assert_ptr_null(match(HTTP_PUT, "/things//helpful").pattern);
}
END_TEST

START_TEST(head_fits_where_get_does) {
    ck_assert_pstr_eq(match(HTTP_HEAD, "/things").pattern, "/things");
    ck_assert_ptr_null(match(HTTP_HEAD, "/things/5/helpful").pattern);
}
END_TEST

START_TEST(a_wrong_method_learns_which_the_path_has) {
    static const struct {
        const char *target;
        unsigned allowed;
    } cases[] = {
        {"/things", HTTP_GET | HTTP_POST},
        {"/things/5/helpful", HTTP_PUT},
        {"/secret", HTTP_GET},
        {"/other", 0},
        {"/things/5", 0},
        {"/a/b/c/d/e/f/g/h/i", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct match found = match(HTTP_OTHER, cases[i].target);
        ck_assert_ptr_null(found.pattern);
        ck_assert_msg(found.allowed == cases[i].allowed, "%s allows %u", cases[i].target,
                      found.allowed);
    }
}
END_TEST

START_TEST(a_route_may_exist_for_some_requests_only) {
    ck_assert_pstr_eq(match(HTTP_GET, "/secret").pattern, "/:file");
    ck_assert_ptr_null(match(HTTP_GET, "/other").pattern);
}
END_TEST

START_TEST(allow_lists_the_methods_with_head) {
    static const struct {
        unsigned allowed;
        const char *header;
    } cases[] = {
        {HTTP_GET, "GET, HEAD"},
        {HTTP_POST | HTTP_OPTIONS, "POST, OPTIONS"},
        {HTTP_PUT, "PUT"},
        {HTTP_GET | HTTP_POST, "GET, HEAD, POST"},
        {HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_OPTIONS, "GET, HEAD, POST, PUT, OPTIONS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[64];
        http_allow_header(cases[i].allowed, header, sizeof header);
        ck_assert_str_eq(header, cases[i].header);
    }
}
END_TEST

Suite *route_suite(void) {
    Suite *suite = suite_create("route");
    TCase *cases = tcase_create("route");
    tcase_add_test(cases, a_path_matches_segment_by_segment);
    tcase_add_test(cases, the_parameter_is_the_decoded_segment);
    tcase_add_test(cases, a_parameter_is_never_empty);
    tcase_add_test(cases, head_fits_where_get_does);
    tcase_add_test(cases, a_wrong_method_learns_which_the_path_has);
    tcase_add_test(cases, a_route_may_exist_for_some_requests_only);
    tcase_add_test(cases, allow_lists_the_methods_with_head);
    suite_add_tcase(suite, cases);
    return suite;
}

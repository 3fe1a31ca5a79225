/* What of JSON text is replaced, and by what. */
#include "http/request.h"
#include "qa/json_text.h"
#include "suites.h"

#include <string.h>

static const struct {
    const char *text;
    const char *softened; /* NULL: stays as it is */
} rows[] = {
    {"{\"a\":1e400}", "{\"a\":1e308}"},
    {"[-1e400,1e308]", "[-1e308,1e308]"},
    {"[9223372036854775807,-9223372036854775808]", NULL},
    {"[9223372036854775808]", "[1e308              ]"},
    {"[-9223372036854775809]", "[-1e308              ]"},
    {"[1e-400,1.5,0,-0]", NULL},
    {"\"1e400\"", NULL},
    {"\"\\\"1e400\"", NULL},
    {"1e40", NULL},
    {"--1e400", "--1e308"},
    {"01e400", "01e308"},
    {"-001e400", "-001e308"},
    {"1.-1e400", "1.-1e308"},
    {"1e--1e400", "1e--1e308"},
    {"1.5.1e400", "1.5.1e308"},
    {"12345e", NULL},
    {"12345.x", NULL},
    {"1e", NULL},
    {"1.", NULL},
    {"-", NULL},
    {"\"\\ud83d\\ude00\"", NULL},
    {"\"\\uD83D\\uDE00\"", NULL},
    {"\"\\ud83d\"", "\"\\u0000\""},
    {"\"\\ude00\\ud83d\"", "\"\\u0000\\u0000\""},
    {"\"\\ud83d\\ud83d\\ude00\"", "\"\\u0000\\ud83d\\ude00\""},
    {"{\"\\ud83d\" :\"\\ud83d\"}", "{\"\\ufffd\" :\"\\u0000\"}"},
    {"{\"\\u0000\":1}", "{\"\\ufffd\":1}"},
    {"\"\\\\ud83d\"", NULL},
    {"\"\\\\\\ud83d\"", "\"\\\\\\u0000\""},
    {"\"\\ud83", NULL},
    {"\"\\ud83x\"", NULL},
    {"\"\\", NULL},
    {"\"", NULL},
    {"", NULL},
};

START_TEST(what_jansson_refuses_is_replaced_and_nothing_else) {
    char text[64] = "";
    const char *before = rows[_i].text;
    const char *after = rows[_i].softened ? rows[_i].softened : before;
    ck_assert_uint_lt(strlen(before), sizeof text);
    memcpy(text, before, strlen(before));
    json_text_soften(text, strlen(before));
    ck_assert_str_eq(text, after);
}
END_TEST

/* The largest body, of `filler`, and `tail` at its end. */
static void soften_large(char text[HTTP_BODY_LIMIT_BYTES + 1], char filler, const char *tail) {
    size_t length = HTTP_BODY_LIMIT_BYTES - strlen(tail);
    memset(text, filler, length);
    memcpy(text + length, tail, strlen(tail) + 1);
    json_text_soften(text, HTTP_BODY_LIMIT_BYTES);
    ck_assert_uint_eq(strspn(text, (const char[]){filler, '\0'}), length);
    memmove(text, text + length, strlen(tail) + 1);
}

/* A pass that began anew at each digit would take seconds for them. */
START_TEST(the_largest_body_that_only_looks_like_numbers_stays_and_what_follows_is_replaced) {
    static char text[HTTP_BODY_LIMIT_BYTES + 1];
    static const struct {
        char filler;
        const char *tail, *softened;
    } cases[] = {
        {'0', "1e400", "1e308"},
        {'1', ".,1e400", ".,1e308"},
        {'1', "e+,-1e400", "e+,-1e308"},
        {'-', "9e999", "1e308"},
        {'.', "1e400", "1e308"},
        {'1', ".", "."},
        {'\\', "\"\\ud83d\"", "\"\\u0000\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        soften_large(text, cases[i].filler, cases[i].tail);
        ck_assert_str_eq(text, cases[i].softened);
    }
}
END_TEST

Suite *json_text_suite(void) {
    Suite *suite = suite_create("json_text");
    TCase *cases = tcase_create("json_text");
    tcase_add_loop_test(cases, what_jansson_refuses_is_replaced_and_nothing_else, 0,
                        sizeof rows / sizeof *rows);
    tcase_add_test(
        cases, the_largest_body_that_only_looks_like_numbers_stays_and_what_follows_is_replaced);
    suite_add_tcase(suite, cases);
    return suite;
}

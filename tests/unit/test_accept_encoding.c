/* Accept-Encoding. */
#include "http/accept_encoding.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

/* Of a value that ends where its memory does, as in NGINX. */
static bool has_gzip(const char *value) {
    struct http_text text = http_text_of(value);
    char *copy = malloc(text.length + 1);
    bool result = accept_encoding_has_gzip((struct http_text){
        text.data ? memcpy(copy + 1, text.data, text.length) : NULL, text.length});
    free(copy);
    return result;
}

START_TEST(gzip_is_taken_where_it_is_named_and_not_refused) {
    static const struct {
        const char *value;
        bool accepted;
    } cases[] = {
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"gzip, deflate, br", true},
        {"br, deflate,gzip", true},
        {"br\t,\tgzip", true},
        {", ,gzip", true},
        {" gzip ", true},
        {"gzip;q=1", true},
        {"gzip;q=0.001", true},
        {"gzip ; q=0.5", true},
        {"br;q=0, gzip", true},
        {"gzip;q=1.0, br;q=0", true},
        {"identity;q=0, gzip;q=0.2", true},
        {NULL, false},
        {"", false},
        {",", false},
        {"identity", false},
        {"br", false},
        {"*", false},
        {"gzip;q=0", false},
        {"gzip;q=0.0", false},
        {"gzip;q=0.000", false},
        {"gzip ;\tq=0 ", false},
        {"br, gzip;q=0, deflate", false},
        {"br;gzip", false},
        {"gzipped", false},
        {"gzi", false},
        {"not-gzip", false},
        {"\"gzip\"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(has_gzip(cases[i].value) == cases[i].accepted, "%s", cases[i].value);
    }
}
END_TEST

START_TEST(an_over_long_value_counts_as_none) {
    char value[ACCEPT_ENCODING_MAX + 1];
    memset(value, ' ', sizeof value);
    memcpy(value, "gzip", 4);
    ck_assert(accept_encoding_has_gzip((struct http_text){value, sizeof value - 1}));
    ck_assert(!accept_encoding_has_gzip((struct http_text){value, sizeof value}));
}
END_TEST

Suite *accept_encoding_suite(void) {
    Suite *suite = suite_create("accept_encoding");
    TCase *cases = tcase_create("accept_encoding");
    tcase_add_test(cases, gzip_is_taken_where_it_is_named_and_not_refused);
    tcase_add_test(cases, an_over_long_value_counts_as_none);
    suite_add_tcase(suite, cases);
    return suite;
}

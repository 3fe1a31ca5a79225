/* Accept-Encoding. */
#include "http/accept_encoding.h"
#include "suites.h"

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
        ck_assert_msg(http_accepts_gzip(cases[i].value) == cases[i].accepted, "%s", cases[i].value);
    }
}
END_TEST

Suite *accept_encoding_suite(void) {
    Suite *suite = suite_create("accept_encoding");
    TCase *cases = tcase_create("accept_encoding");
    tcase_add_test(cases, gzip_is_taken_where_it_is_named_and_not_refused);
    suite_add_tcase(suite, cases);
    return suite;
}

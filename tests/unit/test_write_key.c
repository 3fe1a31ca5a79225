/* Keys of writes. */
#include "qa/write_key.h"
#include "suites.h"

#include <string.h>

enum { MOST = WRITE_KEY_CHARACTERS_MAX };

static void assert_key(const char *value, const char *expected) {
    char key[MOST + 1];
    bool ok = write_key_parse(value, key);
    ck_assert_msg(ok == (expected != NULL), "%s", value);
    if (expected) {
        ck_assert_str_eq(key, expected);
    }
}

START_TEST(a_key_is_visible_ascii_bare_or_in_quotes) {
    static const struct {
        const char *value, *key; /* NULL: it is malformed */
    } cases[] = {
        {"a", "a"},
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"!~", "!~"},
        {"a\"b", "a\"b"},
        {"a\\b", "a\\b"},
        {"\"a\\\"b\\\\c\"", "a\"b\\c"},
        {"", NULL},
        {"\"\"", NULL},
        {"\"", NULL},
        {"\"a", NULL},
        {"\"a\"b", NULL},
        {"\"a\";x=1", NULL},
        {"\"a\\\"", NULL},
        {"\"a\\b\"", NULL},
        {"\"a\\", NULL},
        {"a b", NULL},
        {"\"a b\"", NULL},
        {"a\tb", NULL},
        {"a\x7F", NULL},
        {"\xC3\xA9", NULL},
        {"\"\xC3\xA9\"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_key(cases[i].value, cases[i].key);
    }
}
END_TEST

START_TEST(a_key_has_at_most_255_characters) {
    char value[2 * MOST + 3], key[MOST + 2], *end = value;
    memset(key, 'k', MOST + 1);
    key[MOST + 1] = '\0';
    assert_key(key, NULL);
    key[MOST] = '\0';
    assert_key(key, key);
    /* Each may be escaped. */
    memset(key, '"', MOST);
    *end++ = '"';
    for (size_t i = 0; i < MOST; i++) {
        *end++ = '\\';
        *end++ = '"';
    }
    *end++ = '"';
    *end = '\0';
    assert_key(value, key);
}
END_TEST

Suite *write_key_suite(void) {
    Suite *suite = suite_create("write_key");
    TCase *cases = tcase_create("write_key");
    tcase_add_test(cases, a_key_is_visible_ascii_bare_or_in_quotes);
    tcase_add_test(cases, a_key_has_at_most_255_characters);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Entity tags and If-None-Match. */
#include "http/entity_tag.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

/* With a value that ends where its memory does, as in NGINX. */
static bool matches(const char *if_none_match, const char *tag) {
    struct http_text text = http_text_of(if_none_match);
    char *copy = malloc(text.length + 1);
    bool result = entity_tag_matches(
        (struct http_text){text.data ? memcpy(copy + 1, text.data, text.length) : NULL,
                           text.length},
        tag);
    free(copy);
    return result;
}

static void tag_of(const void *body, size_t length, char tag[ENTITY_TAG_SIZE]) {
    entity_tag_write(entity_hash_of(body, length), tag);
}

START_TEST(a_tag_is_the_same_on_every_machine) {
    char tag[ENTITY_TAG_SIZE];
    tag_of("", 0, tag);
    ck_assert_str_eq(tag, "\"99aa06d3014798d86001c324468d497f\""); /* XXH3's own test vector */
}
END_TEST

START_TEST(a_tag_depends_on_every_byte) {
    char tag[ENTITY_TAG_SIZE], other[ENTITY_TAG_SIZE];
    tag_of("a\0b", 3, tag);
    tag_of("a\0c", 3, other);
    ck_assert_str_ne(tag, other);
    tag_of("a\0", 2, other);
    ck_assert_str_ne(tag, other);
}
END_TEST

START_TEST(if_none_match_is_compared_weakly_with_each_tag_of_the_list) {
    static const struct {
        const char *if_none_match, *tag;
        bool matches;
    } cases[] = {
        {"\"abc\"", "\"abc\"", true},
        {"W/\"abc\"", "\"abc\"", true},
        {"\"x\", W/\"abc\"", "\"abc\"", true},
        {"\"abc\",\"x\"", "\"abc\"", true},
        {"W/\"x\" \t,\t \"abc\" , \"y\"", "\"abc\"", true},
        {" \t\"abc\" ", "\"abc\"", true},
        {", ,\"abc\",", "\"abc\"", true},
        {"\"x,y\", \"abc\"", "\"abc\"", true},
        {"\"a,b\"", "\"a,b\"", true},
        {"*", "\"abc\"", true},
        {" * ", "\"abc\"", true},
        {NULL, "\"abc\"", false},
        {"", "\"abc\"", false},
        {",", "\"abc\"", false},
        {"\"ab\"", "\"abc\"", false},
        {"\"abcd\"", "\"abc\"", false},
        {"\"ABC\"", "\"abc\"", false},
        {"\"x\", \"y\"", "\"abc\"", false},
        {"\"x,\"abc\",y\"", "\"abc\"", false},
        {"\"*\"", "\"abc\"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(matches(cases[i].if_none_match, cases[i].tag) == cases[i].matches, "%s",
                      cases[i].if_none_match);
    }
}
END_TEST

START_TEST(nothing_after_a_malformed_tag_matches) {
    static const char *const malformed[] = {
        "abc",        "\"abc",    "w/\"abc\"", "W/ \"abc\"", "W/",  "W/abc",
        "x, \"abc\"", "x\"abc\"", "**",        "*, \"abc\"", "W/*", "*\"abc\"",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        ck_assert_msg(!matches(malformed[i], "\"abc\""), "%s", malformed[i]);
    }
}
END_TEST

START_TEST(an_over_long_list_counts_as_none) {
    static const char tag[] = "\"abc\"";
    char list[ENTITY_TAG_IF_NONE_MATCH_MAX + 1];
    memset(list, ',', sizeof list);
    memcpy(list, tag, sizeof tag - 1);
    ck_assert(entity_tag_matches((struct http_text){list, sizeof list - 1}, tag));
    ck_assert(!entity_tag_matches((struct http_text){list, sizeof list}, tag));
}
END_TEST

Suite *entity_tag_suite(void) {
    Suite *suite = suite_create("entity_tag");
    TCase *cases = tcase_create("entity_tag");
    tcase_add_test(cases, a_tag_is_the_same_on_every_machine);
    tcase_add_test(cases, a_tag_depends_on_every_byte);
    tcase_add_test(cases, if_none_match_is_compared_weakly_with_each_tag_of_the_list);
    tcase_add_test(cases, nothing_after_a_malformed_tag_matches);
    tcase_add_test(cases, an_over_long_list_counts_as_none);
    suite_add_tcase(suite, cases);
    return suite;
}

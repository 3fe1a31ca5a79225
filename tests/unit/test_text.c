/* Rules for text. */
#include "rules/text.h"
#include "suites.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Unicode 15, PropList.txt: all code points with White_Space. */
static const uint32_t white_space[] = {
    0x0009, 0x000A, 0x000B, 0x000C, 0x000D, 0x0020, 0x0085, 0x00A0, 0x1680,
    0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008,
    0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
};

static bool is_white_space(uint32_t character) {
    for (size_t i = 0; i < sizeof white_space / sizeof *white_space; i++) {
        if (white_space[i] == character) {
            return true;
        }
    }
    return false;
}

/* Writes the UTF-8 form of a code point; returns its length. */
static size_t encode(uint32_t c, char bytes[4]) {
    if (c < 0x80) {
        bytes[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    bytes[0] = (char)((0xF00U >> length & 0xF0) | c);
    return length;
}

START_TEST(every_code_point_is_valid_but_surrogates) {
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++) {
        char bytes[4];
        size_t length = encode(c, bytes);
        bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (text_is_utf8(bytes, length) == is_surrogate || text_is_utf8(bytes, length - 1)) {
            ck_abort_msg("U+%04X is taken wrongly", c);
        }
    }
}
END_TEST

START_TEST(what_is_not_well_formed_is_refused_wherever_it_stands) {
    static const char *const wrong[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xE2\x82",
        "\xE2(\xA1",
        "\xE2\x82(",
        "\xED\xA0\x80",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xFE",
        "\xF8\x88\x80\x80\x80",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (size_t before = 0; before < 20; before++) {
            char text[64] = {0};
            memset(text, 'x', sizeof text);
            memcpy(text + before, wrong[i], strlen(wrong[i]));
            ck_assert_msg(!text_is_utf8(text, sizeof text), "case %zu behind %zu", i, before);
            ck_assert(!text_is_utf8(text, before + strlen(wrong[i])));
        }
    }
}
END_TEST

START_TEST(ascii_and_nothing_are_valid) {
    ck_assert(text_is_utf8("", 0));
    ck_assert(text_is_utf8("a\0b", 3));
    ck_assert(text_is_utf8("plain text of some length, é in it, \x7F", 39));
}
END_TEST

START_TEST(every_code_point_is_classified_as_unicode_does) {
    for (uint32_t c = 0; c <= 0x10FFFF; c = c == 0xD7FF ? 0xE000 : c + 1) {
        char bytes[4];
        size_t length = encode(c, bytes);
        bool is_control = c <= 0x1F || (c >= 0x7F && c <= 0x9F);
        if (text_is_filled(bytes, length, 1) == is_white_space(c) ||
            text_is_blank(bytes, length) != is_white_space(c) ||
            text_has_white_space(bytes, length) != is_white_space(c) ||
            text_has_control(bytes, length) != is_control) {
            ck_abort_msg("U+%04X is classified wrongly", c);
        }
    }
}
END_TEST

START_TEST(characters_are_code_points) {
    static const struct {
        const char *text;
        size_t characters;
    } cases[] = {{"abc", 3}, {"Größe", 5}, {"e\u0301", 2}, {"日本", 2}, {"👩‍👧!", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].text);
        ck_assert(text_is_filled(cases[i].text, length, cases[i].characters));
        ck_assert(!text_is_filled(cases[i].text, length, cases[i].characters - 1));
    }
}
END_TEST

START_TEST(one_character_decides_among_others) {
    static const struct {
        const char *text;
        bool is_blank, has_white_space, has_control;
    } cases[] = {
        {"", true, false, false},
        {" \u3000\u2003 ", true, true, false},
        {" \u3000.\u2003 ", false, true, false},
        {"\u3000日本", false, true, false},
        {"日\u3000本", false, true, false},
        {"日本\u3000", false, true, false},
        {"日本\u200B", false, false, false},
        {"日\xC2\x85"
         "本",
         false, true, true},
        {"\x7F"
         "日本",
         false, false, true},
        {"日本\a", false, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        size_t length = strlen(text);
        ck_assert_msg(text_is_blank(text, length) == cases[i].is_blank &&
                          text_has_white_space(text, length) == cases[i].has_white_space &&
                          text_has_control(text, length) == cases[i].has_control,
                      "case %zu", i);
    }
}
END_TEST

START_TEST(the_length_decides_where_the_text_ends) {
    ck_assert(!text_has_white_space("a b", 1));
    ck_assert(text_has_white_space("a\0 b", 4));
    ck_assert(text_has_control("a\0b", 3));
    ck_assert(!text_is_blank(" \0", 2));
}
END_TEST

START_TEST(an_email_has_something_on_both_sides_of_one_at) {
    static const char *const right[] = {"a@b", "é@ü", "a.b+c@d.example", "\"<>@'", "😀@😀"};
    static const char *const wrong[] = {"",      "@",     "a@",   "@b",   "ab",        "a@b@c",
                                        "a@@b",  "@@",    "a @b", "a@ b", " a@b",      "a@b ",
                                        "a@b\n", "a\t@b", "@a@b", "a@b@", "a@b\u3000", "a\u00A0@b"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        ck_assert_msg(text_is_email(right[i], strlen(right[i])), "%s", right[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!text_is_email(wrong[i], strlen(wrong[i])), "%s", wrong[i]);
    }
}
END_TEST

START_TEST(a_photo_url_has_no_scheme_or_http) {
    static const char *const right[] = {
        "http://a/1.jpg",
        "https://a/1.jpg",
        "HTTP://a",
        "hTTpS://a",
        "//a/1.jpg",
        "/1.jpg",
        "1.jpg",
        "/a:b",
        "a/b:c",
        "?a:b",
        "1a:b",
        "#a:b",
        "http://a/javascript:b",
        "http",
        "é",
        "https://a/😀.jpg",
        "img.example:8080/a.jpg",
        "img.example:80",
        "a.b-c.:65535?x",
        "LocalHost:1#x",
        "127.0.0.1:80/a",
        "[::1]:80/a",
    };
    static const char *const wrong[] = {
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:image/png;base64,AA==",
        "ftp://a",
        "file:///a",
        "blob:a",
        "h:a",
        "httpx://a",
        "httpsx://a",
        "htt:a",
        "http+a://b",
        "a-b.c+1:d",
        "javascript:1/alert(1)",
        "localhost:",
        "localhost:a",
        "localhosts:80",
        "img.example:",
        "img.example:/a",
        "img.example:80a",
        "img.example:123456/a",
        "a.b+c:80/a",
        "img.example:80/a b",
        " http://a",
        "http://a ",
        "http://a\u00A0b",
        "http://a\u3000",
        "java\nscript:a",
        "http://a\x01",
        "http://a\x7F",
        "http://a\xC2\x9F",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        ck_assert_msg(text_is_photo_url(right[i], strlen(right[i])), "%s", right[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!text_is_photo_url(wrong[i], strlen(wrong[i])), "%s", wrong[i]);
    }
    ck_assert(!text_is_photo_url("http\0:a", strlen("http") + 3));
}
END_TEST

/* True when `beginning` with so many `é` after it, as to be of `characters` in all, is accepted. */
static bool accepts(bool (*rule)(const char *, size_t), const char *beginning, size_t characters) {
    size_t length = strlen(beginning) + 2 * (characters - strlen(beginning));
    char *text = malloc(length);
    ck_assert_ptr_nonnull(text);
    memcpy(text, beginning, strlen(beginning));
    for (size_t i = strlen(beginning); i < length; i += 2) {
        memcpy(text + i, "é", 2);
    }
    bool accepted = rule(text, length);
    free(text);
    return accepted;
}

START_TEST(limits_count_characters_not_bytes) {
    ck_assert(accepts(text_is_email, "a@", 254));
    ck_assert(!accepts(text_is_email, "a@", 255));
    ck_assert(accepts(text_is_photo_url, "http://", 2048));
    ck_assert(!accepts(text_is_photo_url, "http://", 2049));
}
END_TEST

Suite *text_suite(void) {
    Suite *suite = suite_create("text");
    TCase *cases = tcase_create("text");
    tcase_add_test(cases, every_code_point_is_valid_but_surrogates);
    tcase_add_test(cases, what_is_not_well_formed_is_refused_wherever_it_stands);
    tcase_add_test(cases, ascii_and_nothing_are_valid);
    tcase_add_test(cases, every_code_point_is_classified_as_unicode_does);
    tcase_add_test(cases, characters_are_code_points);
    tcase_add_test(cases, one_character_decides_among_others);
    tcase_add_test(cases, the_length_decides_where_the_text_ends);
    tcase_add_test(cases, an_email_has_something_on_both_sides_of_one_at);
    tcase_add_test(cases, a_photo_url_has_no_scheme_or_http);
    tcase_add_test(cases, limits_count_characters_not_bytes);
    suite_add_tcase(suite, cases);
    return suite;
}

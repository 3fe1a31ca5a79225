/* The edition of the pages that a worker makes. */
#include "pages/shared_memory.h"
#include "process/edition.h"
#include "suites.h"

#include <stdlib.h>

static uint64_t edition(char *database_url, int64_t answers) {
    const struct config config = {.database_url = database_url,
                                  .answers_per_question = answers,
                                  .lease_text = "",
                                  .lease_ms = -1};
    return edition_of(&config);
}

static uint64_t edition_with_lease(char *text, int64_t lease_ms) {
    const struct config config = {.database_url = "", .lease_text = text, .lease_ms = lease_ms};
    return edition_of(&config);
}

START_TEST(an_edition_is_never_0_and_the_same_each_time) {
    ck_assert_uint_ne(edition("", 100), 0);
    ck_assert_uint_eq(edition("host=a dbname=b", 100), edition("host=a dbname=b", 100));
}
END_TEST

START_TEST(what_decides_what_a_page_shows_is_in_the_edition) {
    char *const urls[] = {"",
                          "shop",
                          "dbname=shop host=a",
                          "dbname=shop host=b",
                          "dbname=s host=hopa",
                          "dbname=shop host=a options='-c search_path=other'"};
    enum { URLS = sizeof urls / sizeof *urls };
    for (size_t i = 0; i < URLS; i++) {
        for (size_t k = 0; k < i; k++) {
            ck_assert_uint_ne(edition(urls[i], 100), edition(urls[k], 100));
        }
        ck_assert_uint_ne(edition(urls[i], 100), edition(urls[i], 99));
    }
    uint64_t before = edition("", 100);
    setenv("PGDATABASE", "another", true);
    ck_assert_uint_ne(edition("", 100), before);
    unsetenv("PGDATABASE");
}
END_TEST

START_TEST(a_password_and_the_form_of_the_string_are_not) {
    ck_assert_uint_eq(edition("host=a user=u password=one dbname=b", 1),
                      edition("host=a user=u password=two dbname=b", 1));
    ck_assert_uint_eq(edition("host=a user=u dbname=b", 1), edition("postgresql://u:x@a/b", 1));
}
END_TEST

START_TEST(it_tells_whether_pages_need_a_lease_and_how_long_one_lasts) {
    ck_assert(!shared_memory_needs_lease(edition("", 100)));
    ck_assert(shared_memory_needs_lease(edition_with_lease("0", 0)));
    ck_assert(shared_memory_needs_lease(edition_with_lease("20", 20)));
    ck_assert_uint_ne(edition_with_lease("20", 20), edition_with_lease("40", 40));
}
END_TEST

Suite *edition_suite(void) {
    Suite *suite = suite_create("edition");
    TCase *cases = tcase_create("edition");
    tcase_add_test(cases, an_edition_is_never_0_and_the_same_each_time);
    tcase_add_test(cases, what_decides_what_a_page_shows_is_in_the_edition);
    tcase_add_test(cases, a_password_and_the_form_of_the_string_are_not);
    tcase_add_test(cases, it_tells_whether_pages_need_a_lease_and_how_long_one_lasts);
    suite_add_tcase(suite, cases);
    return suite;
}

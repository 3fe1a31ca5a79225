/* What pages weigh. */
#include "pages/weights.h"
#include "suites.h"

#include <stdint.h>

enum { HEAVY = 1024 * 1024, LIGHT = 2 * 1024 };

static struct weights *weights;

static void make_weights(void) {
    weights = weights_new();
}

static void free_weights(void) {
    weights_free(weights);
}

static struct page_key page_of(int64_t id, int64_t page, int64_t count) {
    return (struct page_key){.kind = 1, .id = id, .page = page, .count = count};
}

static bool is_large(int64_t id, int64_t page, int64_t count) {
    const struct page_key key = page_of(id, page, count);
    return weights_is_large(weights, &key);
}

static void note(int64_t id, int64_t page, int64_t count, size_t bytes) {
    const struct page_key key = page_of(id, page, count);
    weights_note(weights, &key, bytes);
}

START_TEST(an_unknown_page_is_large_when_it_shows_or_skips_many_elements) {
    ck_assert(!is_large(1, 1, 49));
    ck_assert(is_large(1, 1, 50));
    ck_assert(!is_large(1, 200, 5));
    ck_assert(is_large(1, 201, 5));
    ck_assert(is_large(1, INT64_MAX, 1));
    ck_assert(is_large(1, INT64_MAX, 1000));
}
END_TEST

START_TEST(a_heavy_page_makes_the_other_pages_of_its_list_large) {
    note(1, 1, 20, HEAVY);
    ck_assert(is_large(1, 1, 20));
    ck_assert(is_large(1, 2, 20));
    ck_assert(is_large(1, 7, 19));
    ck_assert(!is_large(1, 1, 1)); /* an element of it does not take so much */
    ck_assert(!is_large(2, 1, 20));
}
END_TEST

START_TEST(what_is_no_page_of_a_list_is_large_when_it_was_so_the_last_time) {
    ck_assert(!is_large(1, 0, 0));
    note(1, 0, 0, HEAVY);
    ck_assert(is_large(1, 0, 0));
    ck_assert(!is_large(2, 0, 0));
    ck_assert(!is_large(1, 1, 49));
    note(1, 0, 0, LIGHT);
    ck_assert(!is_large(1, 0, 0));
    note(1, 1, 5, HEAVY);
    ck_assert(!is_large(1, 0, 0));
}
END_TEST

START_TEST(a_light_page_clears_itself_and_not_its_list) {
    note(1, 1, 20, HEAVY);
    note(1, 9, 20, 20);
    ck_assert(!is_large(1, 9, 20));
    ck_assert(is_large(1, 8, 20));
    note(1, 9, 20, HEAVY);
    ck_assert(is_large(1, 9, 20));
}
END_TEST

START_TEST(a_light_page_of_many_elements_is_large_once) {
    note(1, 1, 1000, LIGHT);
    ck_assert(!is_large(1, 1, 1000));
    ck_assert(is_large(1, 2, 1000));
}
END_TEST

START_TEST(a_deep_page_stays_large) {
    note(1, 300, 5, LIGHT);
    ck_assert(is_large(1, 300, 5));
}
END_TEST

START_TEST(a_long_page_of_light_elements_leaves_the_short_ones_as_they_are) {
    note(1, 1, 1000, HEAVY);
    ck_assert(is_large(1, 1, 1000));
    ck_assert(!is_large(1, 1, 5));
}
END_TEST

START_TEST(heavy_pages_of_others_are_never_taken_for_ones_own) {
    for (int64_t id = 1; id <= 100000; id++) {
        note(id, 1, 5, HEAVY);
    }
    for (int64_t id = 100001; id <= 200000; id++) {
        ck_assert(!is_large(id, 1, 5));
    }
}
END_TEST

Suite *weights_suite(void) {
    Suite *suite = suite_create("weights");
    TCase *cases = tcase_create("weights");
    tcase_add_checked_fixture(cases, make_weights, free_weights);
    tcase_add_test(cases, an_unknown_page_is_large_when_it_shows_or_skips_many_elements);
    tcase_add_test(cases, a_heavy_page_makes_the_other_pages_of_its_list_large);
    tcase_add_test(cases, what_is_no_page_of_a_list_is_large_when_it_was_so_the_last_time);
    tcase_add_test(cases, a_light_page_clears_itself_and_not_its_list);
    tcase_add_test(cases, a_light_page_of_many_elements_is_large_once);
    tcase_add_test(cases, a_deep_page_stays_large);
    tcase_add_test(cases, a_long_page_of_light_elements_leaves_the_short_ones_as_they_are);
    tcase_add_test(cases, heavy_pages_of_others_are_never_taken_for_ones_own);
    suite_add_tcase(suite, cases);
    return suite;
}

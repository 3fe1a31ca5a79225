/* The versions of pages, also of several products. */
#include "ops/clock.h"
#include "pages/page_version.h"
#include "suites.h"

#include <sys/mman.h>

static const struct page_key counts = {.kind = PAGE_COUNTS};

static struct versions *versions;

static void make_versions(void) {
    versions =
        mmap(NULL, versions_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(versions != MAP_FAILED);
}

static void free_versions(void) {
    munmap(versions, versions_bytes());
}

static bool is_unchanged(const struct page_key *key, const char *text, struct version before) {
    return version_equal(page_version_note(versions, key, text), before);
}

START_TEST(a_page_has_the_version_of_its_product_or_question) {
    const struct page_key questions = {.kind = PAGE_QUESTIONS, .id = 5};
    const struct page_key answers = {.kind = PAGE_ANSWERS, .id = 6};
    struct version of_questions = page_version_note(versions, &questions, NULL);
    struct version of_answers = page_version_note(versions, &answers, NULL);
    versions_raise_both(versions, 5, 0);
    ck_assert(!is_unchanged(&questions, NULL, of_questions));
    ck_assert(is_unchanged(&answers, NULL, of_answers));
    versions_raise_both(versions, 0, 6);
    ck_assert(!is_unchanged(&answers, NULL, of_answers));
}
END_TEST

START_TEST(counts_have_another_version_when_one_of_their_products_has) {
    static const int64_t products[] = {5, 37, 9007199254740993};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++) {
        struct version before = page_version_note(versions, &counts, "{5,37,9007199254740993}");
        versions_raise_both(versions, products[i], 0);
        ck_assert(!is_unchanged(&counts, "{5,37,9007199254740993}", before));
    }
    struct version before = page_version_note(versions, &counts, "{5,37}");
    versions_raise_both(versions, 9007199254740993, 0);
    ck_assert(is_unchanged(&counts, "{5,37}", before));
    versions_invalidate_all(versions, clock_ms());
    ck_assert(!is_unchanged(&counts, "{5,37}", before));
}
END_TEST

START_TEST(a_standby_must_have_replayed_what_the_last_changed_product_needs) {
    int64_t round_us = clock_us();
    ck_assert_uint_eq(page_version_replay_needed(versions, &counts, "{5,37}", round_us), 0);
    versions_raise_at(versions, versions_slot(SUBJECT_PRODUCT, 37), 500);
    versions_raise_at(versions, versions_slot(SUBJECT_PRODUCT, 5), 400);
    ck_assert_uint_eq(page_version_replay_needed(versions, &counts, "{5,37}", round_us), 500);
    ck_assert_uint_eq(page_version_replay_needed(versions, &counts, "{37,5}", round_us), 500);
    ck_assert_uint_eq(page_version_replay_needed(versions, &counts, "{5}", round_us), 400);
    const struct page_key questions = {.kind = PAGE_QUESTIONS, .id = 5};
    ck_assert_uint_eq(page_version_replay_needed(versions, &questions, NULL, round_us), 400);
}
END_TEST

Suite *page_version_suite(void) {
    Suite *suite = suite_create("page_version");
    TCase *cases = tcase_create("page_version");
    tcase_add_checked_fixture(cases, make_versions, free_versions);
    tcase_add_test(cases, a_page_has_the_version_of_its_product_or_question);
    tcase_add_test(cases, counts_have_another_version_when_one_of_their_products_has);
    tcase_add_test(cases, a_standby_must_have_replayed_what_the_last_changed_product_needs);
    suite_add_tcase(suite, cases);
    return suite;
}

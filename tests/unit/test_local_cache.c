/* The cache of pages. */
#include "pages/local_cache.h"
#include "suites.h"

#include <stdlib.h>

enum { LIFETIME_MS = 1000, PAGE_BYTES = 5000, KEPT = 10 /* pages that fit into the cache */ };

static const struct version now_noted = {.counter = 7, .epoch = 3};
static struct local_cache *cache;
static int bodies; /* that are not released */

static void make_cache(void) {
    bodies = 0;
    cache = local_cache_new((size_t)KEPT * (PAGE_BYTES + 2000));
    ck_assert_ptr_nonnull(cache);
}

static void free_cache(void) {
    local_cache_free(cache);
    ck_assert_int_eq(bodies, 0);
}

static void release_body(void *body) {
    free(body);
    bodies--;
}

static struct http_content *new_content(size_t length) {
    char *body = calloc(1, length);
    bodies++;
    struct http_content *content =
        http_content_new("text/plain", (struct http_body){body, length, release_body, body});
    ck_assert_ptr_nonnull(content);
    return content;
}

static struct page_key key_of(int64_t id) {
    return (struct page_key){.kind = 1, .id = id, .page = 1, .count = 5};
}

/* Keeps a page whose only owner then is the cache. What it returns is good for comparisons. */
static const struct http_content *store(int64_t id, size_t length, int64_t now_ms) {
    struct http_content *content = new_content(length);
    const struct page_key key = key_of(id);
    local_cache_store(cache, &key, now_noted, content, now_ms + LIFETIME_MS);
    http_content_release(content);
    return content;
}

static struct http_content *find(int64_t id, int64_t now_ms) {
    const struct page_key key = key_of(id);
    return local_cache_find(cache, &key, now_noted, now_ms);
}

START_TEST(a_page_is_found_under_its_key) {
    ck_assert_ptr_null(find(1, 0));
    const struct http_content *one = store(1, PAGE_BYTES, 0), *two = store(2, PAGE_BYTES, 0);
    ck_assert_ptr_eq(find(1, 0), one);
    ck_assert_ptr_eq(find(2, 0), two);
    ck_assert_ptr_eq(find(1, 0), one);
    ck_assert_ptr_null(find(3, 0));
}
END_TEST

START_TEST(hits_and_misses_are_counted) {
    struct local_cache_counts counts = local_cache_counts(cache);
    ck_assert_uint_eq(counts.hits + counts.misses, 0);
    store(1, PAGE_BYTES, 0);
    ck_assert_ptr_nonnull(find(1, 0));
    ck_assert_ptr_nonnull(find(1, 0));
    ck_assert_ptr_null(find(2, 0));
    counts = local_cache_counts(cache);
    ck_assert_uint_eq(counts.hits, 2);
    ck_assert_uint_eq(counts.misses, 1);
}
END_TEST

START_TEST(every_part_of_a_key_counts) {
    store(1, PAGE_BYTES, 0);
    const struct page_key others[] = {
        {.kind = 0, .id = 1, .page = 1, .count = 5},
        {.kind = 1, .id = 2, .page = 1, .count = 5},
        {.kind = 1, .id = 1, .page = 2, .count = 5},
        {.kind = 1, .id = 1, .page = 1, .count = 6},
        {.kind = 1, .id = 1, .page = 5, .count = 1},
        {.kind = 1, .id = INT64_C(1) << 32, .page = 1, .count = 5},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert_ptr_null(local_cache_find(cache, &others[i], now_noted, 0));
    }
    ck_assert_ptr_nonnull(find(1, 0));
}
END_TEST

START_TEST(a_page_is_found_under_its_version_only) {
    const struct version others[] = {{8, 3}, {6, 3}, {7, 4}, {7, 2}, {3, 7}, {0, 0}};
    const struct page_key key = key_of(1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        store(1, PAGE_BYTES, 0);
        ck_assert_ptr_nonnull(find(1, 0));
        ck_assert_ptr_null(local_cache_find(cache, &key, others[i], 0));
        ck_assert_int_eq(bodies, 0); /* versions do not come back */
    }
}
END_TEST

START_TEST(a_page_expires_and_reading_it_does_not_prolong_its_life) {
    const struct http_content *page = store(1, PAGE_BYTES, 500);
    for (int64_t now_ms = 500; now_ms < 500 + LIFETIME_MS; now_ms += 100) {
        ck_assert_ptr_eq(find(1, now_ms), page);
    }
    ck_assert_ptr_eq(find(1, 500 + LIFETIME_MS - 1), page);
    ck_assert_ptr_null(find(1, 500 + LIFETIME_MS));
    ck_assert_int_eq(bodies, 0);
}
END_TEST

START_TEST(a_page_takes_the_place_of_its_predecessor) {
    store(1, PAGE_BYTES, 0);
    const struct http_content *second = store(1, PAGE_BYTES, 10);
    ck_assert_ptr_eq(find(1, 10), second);
    ck_assert_int_eq(bodies, 1);
    ck_assert_ptr_eq(find(1, LIFETIME_MS + 9), second); /* its life is its own */
}
END_TEST

START_TEST(an_older_version_that_comes_late_leaves_the_newer_page_in_place) {
    const struct page_key key = key_of(1);
    const struct version older[] = {{now_noted.counter - 1, now_noted.epoch},
                                    {now_noted.counter, now_noted.epoch - 1}};
    const struct http_content *newer = store(1, PAGE_BYTES, 0);
    for (size_t i = 0; i < 2; i++) {
        struct http_content *late = new_content(PAGE_BYTES);
        local_cache_store(cache, &key, older[i], late, LIFETIME_MS);
        http_content_release(late);
        ck_assert_ptr_eq(find(1, 0), newer);
    }
    ck_assert_int_eq(bodies, 1);
}
END_TEST

START_TEST(a_newer_version_takes_the_place_of_an_older_one) {
    const struct page_key key = key_of(1);
    const struct version newer = {now_noted.counter + 1, now_noted.epoch};
    store(1, PAGE_BYTES, 0);
    struct http_content *page = new_content(PAGE_BYTES);
    local_cache_store(cache, &key, newer, page, LIFETIME_MS);
    http_content_release(page);
    ck_assert_ptr_eq(local_cache_find(cache, &key, newer, 0), page);
}
END_TEST

START_TEST(the_least_recently_used_leave_first) {
    for (int64_t id = 1; id <= KEPT; id++) {
        store(id, PAGE_BYTES, 0);
    }
    ck_assert_int_eq(bodies, KEPT);
    for (int64_t id = 1; id <= KEPT; id += 2) {
        ck_assert_ptr_nonnull(find(id, 0));
    }
    while (bodies == KEPT) { /* the room that overhead leaves */
        store(100 + bodies, PAGE_BYTES, 0);
        store(200, PAGE_BYTES, 0);
    }
    for (int64_t id = 2; id <= 4; id += 2) {
        store(300 + id, PAGE_BYTES, 0);
    }
    ck_assert_ptr_null(find(2, 0));
    ck_assert_ptr_null(find(4, 0));
    ck_assert_ptr_nonnull(find(1, 0));
    ck_assert_ptr_nonnull(find(304, 0));
}
END_TEST

START_TEST(it_never_holds_more_than_its_limit) {
    enum { LIMIT = KEPT * (PAGE_BYTES + 2000) };
    for (int64_t id = 1; id <= 1000; id++) {
        store(id, PAGE_BYTES, 0);
        ck_assert_int_le(bodies * PAGE_BYTES, LIMIT);
    }
    ck_assert_int_ge(bodies, KEPT);
    for (int64_t id = 1; id <= 1000; id++) {
        store(id, 1, 0);
        ck_assert_int_lt(bodies, LIMIT / 800); /* small pages have their overhead, too */
    }
}
END_TEST

START_TEST(the_half_that_was_used_longest_ago_is_dropped_and_no_more) {
    for (int64_t id = 1; id <= KEPT; id++) {
        store(id, PAGE_BYTES, 0);
    }
    ck_assert_ptr_nonnull(find(1, 0)); /* now the last used */
    local_cache_halve(cache);
    ck_assert_int_eq(bodies, KEPT / 2);
    ck_assert_ptr_nonnull(find(1, 0));
    ck_assert_ptr_null(find(2, 0));
    ck_assert_ptr_nonnull(find(KEPT, 0));
    for (int i = 0; i < 10; i++) {
        local_cache_halve(cache);
    }
    ck_assert_int_eq(bodies, 0);
    for (int64_t id = 1; id <= KEPT; id++) { /* the limit is what it was */
        store(id, PAGE_BYTES, 0);
    }
    ck_assert_int_eq(bodies, KEPT);
}
END_TEST

START_TEST(a_page_that_does_not_fit_is_not_kept_and_drives_no_other_out) {
    for (int64_t id = 1; id <= KEPT; id++) {
        store(id, PAGE_BYTES, 0);
    }
    store(100, (size_t)(KEPT + 5) * PAGE_BYTES, 0);
    ck_assert_ptr_null(find(100, 0));
    for (int64_t id = 1; id <= KEPT; id++) {
        ck_assert_ptr_nonnull(find(id, 0));
    }
    store(1, (size_t)(KEPT + 5) * PAGE_BYTES, 0);
    ck_assert_ptr_null(find(1, 0)); /* nor does its predecessor stay */
}
END_TEST

START_TEST(a_page_that_leaves_stays_with_who_has_it) {
    struct http_content *content = new_content(PAGE_BYTES);
    const struct page_key key = key_of(1);
    local_cache_store(cache, &key, now_noted, content, LIFETIME_MS);
    for (int64_t id = 2; id <= 100; id++) {
        store(id, PAGE_BYTES, 0);
    }
    ck_assert_ptr_null(find(1, 0));
    int others = bodies;
    http_content_release(content);
    ck_assert_int_eq(bodies, others - 1);
}
END_TEST

Suite *local_cache_suite(void) {
    Suite *suite = suite_create("local_cache");
    TCase *cases = tcase_create("local_cache");
    tcase_add_checked_fixture(cases, make_cache, free_cache);
    tcase_add_test(cases, a_page_is_found_under_its_key);
    tcase_add_test(cases, hits_and_misses_are_counted);
    tcase_add_test(cases, every_part_of_a_key_counts);
    tcase_add_test(cases, a_page_is_found_under_its_version_only);
    tcase_add_test(cases, a_page_expires_and_reading_it_does_not_prolong_its_life);
    tcase_add_test(cases, a_page_takes_the_place_of_its_predecessor);
    tcase_add_test(cases, an_older_version_that_comes_late_leaves_the_newer_page_in_place);
    tcase_add_test(cases, a_newer_version_takes_the_place_of_an_older_one);
    tcase_add_test(cases, the_least_recently_used_leave_first);
    tcase_add_test(cases, it_never_holds_more_than_its_limit);
    tcase_add_test(cases, the_half_that_was_used_longest_ago_is_dropped_and_no_more);
    tcase_add_test(cases, a_page_that_does_not_fit_is_not_kept_and_drives_no_other_out);
    tcase_add_test(cases, a_page_that_leaves_stays_with_who_has_it);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Versions in memory that several have mapped. */
#include "ops/clock.h"
#include "pages/versions.h"
#include "suites.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int memory; /* zeros, for each test */

static void make_memory(void) {
    memory = memfd_create("versions", MFD_CLOEXEC);
    ck_assert(memory >= 0 && ftruncate(memory, (off_t)versions_bytes()) == 0);
}

static void close_memory(void) {
    close(memory);
}

static struct versions *map(void) {
    void *versions = mmap(NULL, versions_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    ck_assert(versions != MAP_FAILED);
    return versions;
}

static void unmap(struct versions *versions) {
    munmap(versions, versions_bytes());
}

static bool is_unchanged(const struct versions *versions, size_t slot, struct version before) {
    return version_equal(versions_note(versions, slot), before);
}

START_TEST(a_raise_is_seen_by_everybody_who_maps_them) {
    struct versions *one = map(), *other = map();
    struct version before = versions_note(other, 7);
    versions_raise(one, 7);
    ck_assert(!is_unchanged(other, 7, before));
    ck_assert(is_unchanged(one, 7, versions_note(other, 7)));
    unmap(one);
    unmap(other);
}
END_TEST

START_TEST(a_raise_touches_no_other_slot) {
    struct versions *versions = map();
    struct version before = versions_note(versions, 6);
    versions_raise(versions, 5);
    versions_raise(versions, 7);
    ck_assert(is_unchanged(versions, 6, before));
    unmap(versions);
}
END_TEST

START_TEST(what_is_of_no_product_raises_the_question_alone) {
    struct versions *versions = map();
    size_t product = versions_slot(SUBJECT_PRODUCT, 1),
           question = versions_slot(SUBJECT_QUESTION, 2);
    struct version of_product = versions_note(versions, product);
    struct version of_question = versions_note(versions, question);
    versions_raise_both(versions, 0, 2);
    ck_assert(is_unchanged(versions, product, of_product));
    ck_assert(!is_unchanged(versions, question, of_question));
    versions_raise_both(versions, 1, 0);
    ck_assert(!is_unchanged(versions, product, of_product));
    unmap(versions);
}
END_TEST

START_TEST(invalidating_all_touches_every_slot) {
    struct versions *versions = map();
    size_t last = 0;
    for (int64_t id = 1; id < 1000000; id++) {
        size_t slot = versions_slot(SUBJECT_PRODUCT, id);
        last = slot > last ? slot : last;
    }
    const size_t slots[] = {0, 1, last};
    for (size_t i = 0; i < 3; i++) {
        struct version before = versions_note(versions, slots[i]);
        versions_invalidate_all(versions, 1);
        ck_assert(!is_unchanged(versions, slots[i], before));
    }
    unmap(versions);
}
END_TEST

START_TEST(the_longer_ago_all_was_invalidated_the_longer_a_page_is_kept) {
    struct versions *one = map(), *other = map();
    versions_invalidate_all(one, 100000);
    static const struct {
        int64_t now_ms, max_age_ms;
    } cases[] = {{100000, 1000},
                 {100999, 1000},
                 {101001, 1001},
                 {160000, 60000},
                 {90000, 1000} /* noted by somebody whose clock is older */};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(versions_max_age_ms(other, cases[i].now_ms), cases[i].max_age_ms);
    }
    versions_invalidate_all(other, 150000);
    ck_assert_int_eq(versions_max_age_ms(one, 160000), 10000);
    unmap(one);
    unmap(other);
}
END_TEST

START_TEST(what_somebody_else_notes_is_newer) {
    struct versions *versions = map();
    struct version before = versions_note(versions, 3);
    versions_raise(versions, 3);
    struct version raised = versions_note(versions, 3);
    versions_invalidate_all(versions, 1);
    struct version invalidated = versions_note(versions, 3);
    ck_assert(version_is_newer(raised, before) && version_is_newer(invalidated, raised));
    ck_assert(!version_is_newer(before, raised) && !version_is_newer(raised, invalidated));
    ck_assert(!version_is_newer(invalidated, invalidated));
    unmap(versions);
}
END_TEST

/* Whether a beat of this service invalidates everything, by what it returns and by the epoch. */
static bool invalidates(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    struct version before = versions_note(versions, 0);
    bool notified = versions_beat(versions, member, now_ms);
    ck_assert_int_eq(notified, !is_unchanged(versions, 0, before));
    return notified;
}

START_TEST(a_service_that_beats_or_leaves_causes_no_invalidation) {
    struct versions *versions = map();
    struct versions_member one = {0}, other = {0};
    for (int64_t now_ms = 1000; now_ms < 20000; now_ms += 500) {
        ck_assert(!invalidates(versions, &one, now_ms));
        ck_assert(!invalidates(versions, &other, now_ms + 10));
    }
    ck_assert_uint_ne(one.index, other.index);
    versions_leave(versions, &other);
    ck_assert(!invalidates(versions, &one, 100000));
    unmap(versions);
}
END_TEST

START_TEST(a_service_that_falls_silent_has_all_invalidated_once) {
    struct versions *versions = map();
    struct versions_member dead = {0}, one = {0}, other = {0};
    ck_assert(!invalidates(versions, &dead, 1000));
    ck_assert(!invalidates(versions, &one, 1000 + VERSIONS_SILENT_AFTER_MS));
    ck_assert(!invalidates(versions, &other, 1000 + VERSIONS_SILENT_AFTER_MS));
    ck_assert(invalidates(versions, &one, 1001 + VERSIONS_SILENT_AFTER_MS));
    ck_assert_int_eq(versions_max_age_ms(versions, 8001 + VERSIONS_SILENT_AFTER_MS), 7000);
    ck_assert(!invalidates(versions, &other, 1001 + VERSIONS_SILENT_AFTER_MS));
    ck_assert(!invalidates(versions, &one, 1500 + VERSIONS_SILENT_AFTER_MS));
    unmap(versions);
}
END_TEST

START_TEST(a_service_taken_for_dead_takes_another_place) {
    struct versions *versions = map();
    struct versions_member stopped = {0}, one = {0}, late = {0};
    ck_assert(!invalidates(versions, &stopped, 1000));
    ck_assert(!invalidates(versions, &one, 5000));
    ck_assert(invalidates(versions, &one, 9000));
    ck_assert(!invalidates(versions, &late, 9000)); /* takes the member that has become free */
    ck_assert(!invalidates(versions, &stopped, 9000));
    ck_assert_uint_ne(stopped.index, late.index);
    ck_assert(invalidates(versions, &late, 9001 + VERSIONS_SILENT_AFTER_MS)); /* all others */
    unmap(versions);
}
END_TEST

START_TEST(an_edition_is_common_while_every_member_has_it) {
    struct versions *versions = map();
    struct versions_member one = {.edition = 7}, other = {0};
    ck_assert_uint_eq(versions_common_edition(versions), 0);
    (void)versions_beat(versions, &one, 1000);
    ck_assert_uint_eq(versions_common_edition(versions), 7);
    (void)versions_beat(versions, &other, 1000);
    ck_assert_uint_eq(versions_common_edition(versions), 0);
    other.edition = 8;
    (void)versions_beat(versions, &other, 1500);
    ck_assert_uint_eq(versions_common_edition(versions), 0);
    other.edition = 7;
    (void)versions_beat(versions, &other, 2000);
    ck_assert_uint_eq(versions_common_edition(versions), 7);
    versions_leave(versions, &one);
    ck_assert_uint_eq(versions_common_edition(versions), 7);
    one = (struct versions_member){.edition = 9};
    (void)versions_beat(versions, &one, 3000 + VERSIONS_SILENT_AFTER_MS); /* the other is silent */
    ck_assert_uint_eq(versions_common_edition(versions), 9);
    unmap(versions);
}
END_TEST

START_TEST(a_raise_of_one_does_not_make_up_for_another) {
    const struct version both = {.counter = 3, .epoch = 4};
    const struct version others[] = {{3, 5}, {4, 4}, {4, 3}, {2, 5}, {0, 0}};
    ck_assert(version_equal(both, (struct version){3, 4}));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!version_equal(both, others[i]));
    }
}
END_TEST

START_TEST(raises_of_several_processes_are_all_counted) {
    enum { PROCESSES = 3, RAISES = 20000 };
    struct versions *versions = map();
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        for (int k = 0; child == 0 && k < RAISES; k++) {
            versions_raise(versions, 1);
            versions_invalidate_all(versions, 1);
        }
        if (child == 0) {
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_gt(wait(&status), 0);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct version after = versions_note(versions, 1);
    ck_assert_uint_eq(after.counter, PROCESSES * RAISES);
    ck_assert_uint_eq(after.epoch, PROCESSES * RAISES);
    unmap(versions);
}
END_TEST

/* Programs of several versions share memory: whoever changes the hash changes the layout version.
 */
START_TEST(what_a_validator_raises_says_what_standbys_need) {
    struct versions *versions = map();
    struct version before = versions_note(versions, 7);
    int64_t round_us = clock_us();
    ck_assert_uint_eq(versions_replay_needed(versions, 7, round_us), 0);
    versions_raise_at(versions, 7, 500);
    ck_assert(!is_unchanged(versions, 7, before));
    ck_assert_uint_eq(versions_replay_needed(versions, 7, round_us), 500);
    ck_assert_uint_eq(versions_replay_needed(versions, 8, round_us), 0);
    versions_raise_at(versions, 7, 400); /* by another validator, which is late */
    ck_assert_uint_eq(versions_replay_needed(versions, 7, round_us), 500);
    versions_need_replay_of_all(versions, 600);
    ck_assert_uint_eq(versions_replay_needed(versions, 7, round_us), 600);
    ck_assert_uint_eq(versions_replay_needed(versions, 8, round_us), 600);
    unmap(versions);
}
END_TEST

START_TEST(what_others_raise_no_standby_shows_until_a_later_round_is_complete) {
    struct versions *versions = map();
    int64_t before_us = clock_us();
    versions_raise(versions, 7);
    int64_t after_us = clock_us() + 1;
    ck_assert_uint_eq(versions_replay_needed(versions, 7, before_us), UINT64_MAX);
    ck_assert_uint_eq(versions_replay_needed(versions, 7, after_us), 0);
    ck_assert_uint_eq(versions_replay_needed(versions, 8, before_us), 0);
    versions_invalidate_all(versions, clock_ms());
    ck_assert_uint_eq(versions_replay_needed(versions, 8, clock_us()), UINT64_MAX);
    ck_assert_uint_eq(versions_replay_needed(versions, 8, clock_us() + 100000), 0);
    unmap(versions);
}
END_TEST

START_TEST(a_slot_is_the_same_in_every_version) {
    static const struct {
        enum subject subject;
        int64_t id;
        size_t slot;
    } cases[] = {
        {SUBJECT_PRODUCT, 1, 726154},
        {SUBJECT_QUESTION, 1, 272624},
        {SUBJECT_PRODUCT, 2147483647, 306701},
        {SUBJECT_QUESTION, INT64_MAX, 769403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_uint_eq(versions_slot(cases[i].subject, cases[i].id), cases[i].slot);
    }
}
END_TEST

START_TEST(slots_spread_ids_well) {
    enum { IDS = 50000, SLOTS = 1024 * 1024 };
    static unsigned char used[SLOTS];
    memset(used, 0, sizeof used);
    size_t distinct = 0;
    unsigned most = 0;
    for (int64_t id = 1; id <= IDS; id++) {
        const size_t slots[] = {versions_slot(SUBJECT_PRODUCT, id),
                                versions_slot(SUBJECT_QUESTION, id)};
        for (size_t i = 0; i < 2; i++) {
            ck_assert_uint_lt(slots[i], SLOTS);
            distinct += used[slots[i]] == 0;
            used[slots[i]]++;
            most = used[slots[i]] > most ? used[slots[i]] : most;
        }
    }
    ck_assert_uint_gt(distinct, 94000); /* of 100,000; chance gives 95,400 */
    ck_assert_uint_lt(most, 12);
}
END_TEST

Suite *versions_suite(void) {
    Suite *suite = suite_create("versions");
    TCase *cases = tcase_create("versions");
    tcase_add_checked_fixture(cases, make_memory, close_memory);
    tcase_add_test(cases, a_raise_is_seen_by_everybody_who_maps_them);
    tcase_add_test(cases, a_raise_touches_no_other_slot);
    tcase_add_test(cases, what_is_of_no_product_raises_the_question_alone);
    tcase_add_test(cases, invalidating_all_touches_every_slot);
    tcase_add_test(cases, the_longer_ago_all_was_invalidated_the_longer_a_page_is_kept);
    tcase_add_test(cases, what_somebody_else_notes_is_newer);
    tcase_add_test(cases, a_service_that_beats_or_leaves_causes_no_invalidation);
    tcase_add_test(cases, a_service_that_falls_silent_has_all_invalidated_once);
    tcase_add_test(cases, a_service_taken_for_dead_takes_another_place);
    tcase_add_test(cases, an_edition_is_common_while_every_member_has_it);
    tcase_add_test(cases, a_raise_of_one_does_not_make_up_for_another);
    tcase_add_test(cases, raises_of_several_processes_are_all_counted);
    tcase_add_test(cases, what_a_validator_raises_says_what_standbys_need);
    tcase_add_test(cases, what_others_raise_no_standby_shows_until_a_later_round_is_complete);
    tcase_add_test(cases, a_slot_is_the_same_in_every_version);
    tcase_add_test(cases, slots_spread_ids_well);
    suite_add_tcase(suite, cases);
    return suite;
}

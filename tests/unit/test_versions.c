/* Versions in a shared file. */
#include "ops/clock.h"
#include "pages/versions.h"
#include "scratch.h"
#include "suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char error[256];

/* Maps a file of the scratch folder, which is made where it is missing. */
static struct versions *map(const char *name) {
    int descriptor = versions_file_open(scratch_path(name), error, sizeof error);
    ck_assert_msg(descriptor >= 0, "%s", error);
    struct versions *versions = versions_map(descriptor, error, sizeof error);
    close(descriptor);
    return versions;
}

static bool is_unchanged(const struct versions *versions, size_t slot, struct version before) {
    return version_equal(versions_note(versions, slot), before);
}

START_TEST(a_new_file_is_made_with_its_folder) {
    int descriptor = versions_file_open(scratch_path("folder/new"), error, sizeof error);
    ck_assert_msg(descriptor >= 0, "%s", error);
    ck_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    struct versions *versions = versions_map(descriptor, error, sizeof error);
    ck_assert_msg(versions, "%s", error);
    struct stat status;
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_gt(status.st_size, 0);
    close(descriptor);

    struct version first = versions_note(versions, 0);
    ck_assert(is_unchanged(versions, 1, first)); /* all begin alike */
    versions_unmap(versions);
}
END_TEST

START_TEST(a_raise_is_seen_by_everybody_who_maps_the_file) {
    struct versions *one = map("shared"), *other = map("shared");
    struct version before = versions_note(other, 7);
    versions_raise(one, 7);
    ck_assert(!is_unchanged(other, 7, before));
    ck_assert(is_unchanged(one, 7, versions_note(other, 7)));
    versions_unmap(one);
    versions_unmap(other);
}
END_TEST

START_TEST(a_raise_touches_no_other_slot) {
    struct versions *versions = map("slots");
    struct version before = versions_note(versions, 6);
    versions_raise(versions, 5);
    versions_raise(versions, 7);
    ck_assert(is_unchanged(versions, 6, before));
    versions_unmap(versions);
}
END_TEST

START_TEST(invalidating_all_touches_every_slot) {
    struct versions *versions = map("epoch");
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
    versions_unmap(versions);
}
END_TEST

START_TEST(the_longer_ago_all_was_invalidated_the_longer_a_page_is_kept) {
    struct versions *one = map("age"), *other = map("age");
    versions_invalidate_all(one, 100000);
    static const struct {
        int64_t now_ms, max_age_ms;
    } cases[] = {{100000, 1000},
                 {100999, 1000},
                 {101001, 1001},
                 {160000, 60000},
                 {90000, 1000} /* the machine has started anew */};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(versions_max_age_ms(other, cases[i].now_ms), cases[i].max_age_ms);
    }
    versions_invalidate_all(other, 150000);
    ck_assert_int_eq(versions_max_age_ms(one, 160000), 10000);
    versions_unmap(one);
    versions_unmap(other);
}
END_TEST

START_TEST(what_somebody_else_notes_is_newer) {
    struct versions *versions = map("newer");
    struct version before = versions_note(versions, 3);
    versions_raise(versions, 3);
    struct version raised = versions_note(versions, 3);
    versions_invalidate_all(versions, 1);
    struct version invalidated = versions_note(versions, 3);
    ck_assert(version_is_newer(raised, before) && version_is_newer(invalidated, raised));
    ck_assert(!version_is_newer(before, raised) && !version_is_newer(raised, invalidated));
    ck_assert(!version_is_newer(invalidated, invalidated));
    versions_unmap(versions);
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
    struct versions *versions = map("beats");
    struct versions_member one = {0}, other = {0};
    for (int64_t now_ms = 1000; now_ms < 20000; now_ms += 500) {
        ck_assert(!invalidates(versions, &one, now_ms));
        ck_assert(!invalidates(versions, &other, now_ms + 10));
    }
    ck_assert_uint_ne(one.index, other.index);
    versions_leave(versions, &other);
    ck_assert(!invalidates(versions, &one, 100000));
    versions_unmap(versions);
}
END_TEST

START_TEST(a_service_that_falls_silent_has_all_invalidated_once) {
    struct versions *versions = map("silence");
    struct versions_member dead = {0}, one = {0}, other = {0};
    ck_assert(!invalidates(versions, &dead, 1000));
    ck_assert(!invalidates(versions, &one, 1000 + VERSIONS_SILENT_AFTER_MS));
    ck_assert(!invalidates(versions, &other, 1000 + VERSIONS_SILENT_AFTER_MS));
    ck_assert(invalidates(versions, &one, 1001 + VERSIONS_SILENT_AFTER_MS));
    ck_assert_int_eq(versions_max_age_ms(versions, 8001 + VERSIONS_SILENT_AFTER_MS), 7000);
    ck_assert(!invalidates(versions, &other, 1001 + VERSIONS_SILENT_AFTER_MS));
    ck_assert(!invalidates(versions, &one, 1500 + VERSIONS_SILENT_AFTER_MS));
    versions_unmap(versions);
}
END_TEST

START_TEST(a_service_taken_for_dead_takes_another_place) {
    struct versions *versions = map("again");
    struct versions_member stopped = {0}, one = {0}, late = {0};
    ck_assert(!invalidates(versions, &stopped, 1000));
    ck_assert(!invalidates(versions, &one, 5000));
    ck_assert(invalidates(versions, &one, 9000));
    ck_assert(!invalidates(versions, &late, 9000)); /* takes the member that has become free */
    ck_assert(!invalidates(versions, &stopped, 9000));
    ck_assert_uint_ne(stopped.index, late.index);
    ck_assert(invalidates(versions, &late, 9001 + VERSIONS_SILENT_AFTER_MS)); /* all others */
    versions_unmap(versions);
}
END_TEST

START_TEST(a_beat_of_before_the_machine_started_is_silence) {
    struct versions *versions = map("restart");
    struct versions_member before = {0}, after = {0};
    ck_assert(!invalidates(versions, &before, 1000000));
    ck_assert(invalidates(versions, &after, 2000));
    ck_assert(!invalidates(versions, &after, 2500));
    versions_unmap(versions);
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

START_TEST(what_was_raised_stays_when_nobody_uses_the_file) {
    struct versions *versions = map("kept");
    versions_raise(versions, 9);
    versions_invalidate_all(versions, 1);
    struct version before = versions_note(versions, 9);
    versions_unmap(versions);

    versions = map("kept");
    ck_assert(is_unchanged(versions, 9, before));
    versions_unmap(versions);
}
END_TEST

START_TEST(raises_of_several_processes_are_all_counted) {
    enum { PROCESSES = 3, RAISES = 20000 };
    struct versions *versions = map("counted");
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
    versions_unmap(versions);
}
END_TEST

/* Programs of several versions share a file: whoever changes the hash changes the layout version.
 */
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

START_TEST(a_file_of_another_version_is_refused) {
    struct versions *versions = map("version");
    ck_assert_ptr_nonnull(versions);
    versions_unmap(versions);
    int descriptor = open(scratch_path("version"), O_RDWR | O_CLOEXEC);
    const uint64_t other_version = 99;
    ck_assert_int_eq(pwrite(descriptor, &other_version, sizeof other_version, 0),
                     (ssize_t)sizeof other_version);
    close(descriptor);

    *error = '\0';
    ck_assert_ptr_null(map("version"));
    ck_assert_msg(strstr(error, "QA_SHARED_FILE") && !strchr(error, '\n'), "%s", error);
}
END_TEST

START_TEST(a_file_of_another_size_is_refused_and_left_as_it_is) {
    scratch_file("size", "somebody else's");
    *error = '\0';
    ck_assert_ptr_null(map("size"));
    ck_assert_msg(strstr(error, "QA_SHARED_FILE"), "%s", error);
    struct stat status;
    ck_assert_int_eq(stat(scratch_path("size"), &status), 0);
    ck_assert_int_eq(status.st_size, (off_t)strlen("somebody else's"));
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_an_error) {
    scratch_file("file", "");
    static const char *const impossible[] = {"file/versions", "", "no/such/folder"};
    for (size_t i = 0; i < 3; i++) {
        *error = '\0';
        ck_assert_int_lt(versions_file_open(scratch_path(impossible[i]), error, sizeof error), 0);
        ck_assert_msg(strstr(error, "QA_SHARED_FILE") && !strchr(error, '\n'), "%s", error);
    }
}
END_TEST

START_TEST(a_file_that_others_no_longer_find_is_noticed) {
    char path[256];
    strcpy(path, scratch_path("lost"));
    int descriptor = versions_file_open(path, error, sizeof error);
    struct versions *versions = versions_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(versions);
    ck_assert_int_eq(versions_file_look(versions, path, descriptor), VERSIONS_FILE_KEPT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(versions_file_look(versions, path, descriptor), VERSIONS_FILE_LOST);
    versions_unmap(map("lost"));
    ck_assert_int_eq(versions_file_look(versions, path, descriptor), VERSIONS_FILE_LOST);
    versions_unmap(versions);
    close(descriptor);
}
END_TEST

START_TEST(what_was_noted_in_a_file_that_was_truncated_counts_for_nothing) {
    int descriptor = versions_file_open(scratch_path("cut"), error, sizeof error);
    struct versions *versions = versions_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(versions);
    versions_invalidate_all(versions, 1000);
    versions_raise(versions, 7);
    struct version raised = versions_note(versions, 7), other = versions_note(versions, 8);
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    ck_assert_int_eq(versions_file_look(versions, scratch_path("cut"), descriptor),
                     VERSIONS_FILE_CUT);
    ck_assert(versions_restore(versions, descriptor, other.epoch, error, sizeof error));
    ck_assert_int_eq(versions_file_look(versions, scratch_path("cut"), descriptor),
                     VERSIONS_FILE_KEPT);
    for (int i = 0; i < 10; i++) {
        ck_assert(!is_unchanged(versions, 7, raised));
        ck_assert(!is_unchanged(versions, 8, other));
        versions_raise(versions, 7);
        versions_invalidate_all(versions, 2000);
    }
    struct versions *of_another = map("cut");
    ck_assert_msg(of_another, "%s", error);
    versions_unmap(of_another);
    versions_unmap(versions);
    close(descriptor);
}
END_TEST

START_TEST(who_is_guarded_survives_that_the_file_is_cut) {
    int descriptor = versions_file_open(scratch_path("guarded"), error, sizeof error);
    struct versions *versions = versions_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(versions);
    ck_assert(versions_guard(versions));
    versions_invalidate_all(versions, 1000);
    struct version before = versions_note(versions, 7);
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    versions_raise(versions, 7);
    versions_invalidate_all(versions, 2000);
    struct stat status;
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_eq(status.st_size, 0);

    /* Somebody else makes it long again: that is no longer the memory that this process sees. */
    struct versions *of_another = map("guarded");
    ck_assert_int_eq(versions_file_look(versions, scratch_path("guarded"), descriptor),
                     VERSIONS_FILE_CUT);
    ck_assert(versions_restore(versions, descriptor, before.epoch, error, sizeof error));
    ck_assert_int_eq(versions_file_look(versions, scratch_path("guarded"), descriptor),
                     VERSIONS_FILE_KEPT);
    ck_assert(version_is_newer(versions_note(of_another, 7), before));
    versions_raise(versions, 7);
    ck_assert(is_unchanged(of_another, 7, versions_note(versions, 7)));
    versions_unmap(of_another);
    versions_unmap(versions);
    close(descriptor);
}
END_TEST

START_TEST(who_is_not_guarded_dies_when_the_file_is_cut) {
    int descriptor = versions_file_open(scratch_path("unguarded"), error, sizeof error);
    struct versions *versions = versions_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(versions);
    struct versions *guarded = map("guarded too");
    signal(SIGBUS, SIG_DFL); /* also where a sanitizer would report it */
    ck_assert(versions_guard(guarded));
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    versions_raise(versions, 7);
}
END_TEST

START_TEST(a_command_makes_no_file_and_follows_no_link) {
    char path[256], link[256];
    strcpy(path, scratch_path("not to be notified"));
    strcpy(link, scratch_path("link"));
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOBODY);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_lt(versions_file_open(link, error, sizeof error), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    scratch_file("not to be notified", "");
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOBODY);
    *error = '\0';
    ck_assert_int_eq(versions_notify(link, error, sizeof error), VERSIONS_NOT_NOTIFIED);
    ck_assert_msg(strstr(error, "QA_SHARED_FILE") && strstr(error, "symbolic link"), "%s", error);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, 0);

    versions_unmap(map("not to be notified"));
    struct versions *versions = map("not to be notified");
    struct version before = versions_note(versions, 3);
    ck_assert_int_eq(versions_notify(link, error, sizeof error), VERSIONS_NOT_NOTIFIED);
    ck_assert(is_unchanged(versions, 3, before));
    versions_unmap(versions);
}
END_TEST

START_TEST(a_command_waits_for_nobody_who_locks_the_file) {
    struct versions *versions = map("locked");
    int descriptor = open(scratch_path("locked"), O_RDWR);
    ck_assert_int_eq(flock(descriptor, LOCK_EX), 0);
    ck_assert_int_eq(versions_notify(scratch_path("locked"), error, sizeof error), VERSIONS_NOBODY);
    close(descriptor);
    versions_unmap(versions);
}
END_TEST

START_TEST(a_command_learns_whether_a_service_was_notified) {
    char path[256];
    strcpy(path, scratch_path("notified"));
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOBODY);
    struct versions *versions = map("notified");
    struct versions_member member = {0};
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOBODY);
    versions_beat(versions, &member, clock_ms());
    struct version before = versions_note(versions, 3);
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOTIFIED);
    ck_assert(!is_unchanged(versions, 3, before));
    versions_leave(versions, &member);
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOBODY);
    versions_unmap(versions);
    scratch_file("notified", "something else");
    ck_assert_int_eq(versions_notify(path, error, sizeof error), VERSIONS_NOT_NOTIFIED);
}
END_TEST

START_TEST(a_full_file_system_is_told_at_the_start) {
    if (!scratch_mount_small("full", 1024 * 1024)) {
        return;
    }
    *error = '\0';
    ck_assert_ptr_null(map("full/versions"));
    ck_assert_msg(strstr(error, "QA_SHARED_FILE") && strstr(error, "No space") &&
                      !strchr(error, '\n'),
                  "%s", error);
}
END_TEST

START_TEST(a_file_system_that_fills_up_later_does_no_harm) {
    if (!scratch_mount_small("filling", 16 * 1024 * 1024)) {
        return;
    }
    struct versions *versions = map("filling/versions");
    ck_assert_msg(versions, "%s", error);
    FILE *rest = fopen(scratch_path("filling/rest"), "w");
    ck_assert_ptr_nonnull(rest);
    setvbuf(rest, NULL, _IONBF, 0);
    char block[4096] = {0};
    while (fwrite(block, sizeof block, 1, rest) == 1) {
    }
    for (int64_t id = 1; id <= 100000; id++) { /* each page of the file is touched */
        versions_raise(versions, versions_slot(SUBJECT_PRODUCT, id));
    }
    fclose(rest);
    versions_unmap(versions);
}
END_TEST

Suite *versions_suite(void) {
    Suite *suite = suite_create("versions");
    TCase *cases = tcase_create("versions");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_test(cases, a_new_file_is_made_with_its_folder);
    tcase_add_test(cases, a_raise_is_seen_by_everybody_who_maps_the_file);
    tcase_add_test(cases, a_raise_touches_no_other_slot);
    tcase_add_test(cases, invalidating_all_touches_every_slot);
    tcase_add_test(cases, the_longer_ago_all_was_invalidated_the_longer_a_page_is_kept);
    tcase_add_test(cases, what_somebody_else_notes_is_newer);
    tcase_add_test(cases, a_service_that_beats_or_leaves_causes_no_invalidation);
    tcase_add_test(cases, a_service_that_falls_silent_has_all_invalidated_once);
    tcase_add_test(cases, a_service_taken_for_dead_takes_another_place);
    tcase_add_test(cases, a_beat_of_before_the_machine_started_is_silence);
    tcase_add_test(cases, a_raise_of_one_does_not_make_up_for_another);
    tcase_add_test(cases, what_was_raised_stays_when_nobody_uses_the_file);
    tcase_add_test(cases, raises_of_several_processes_are_all_counted);
    tcase_add_test(cases, a_slot_is_the_same_in_every_version);
    tcase_add_test(cases, slots_spread_ids_well);
    tcase_add_test(cases, a_file_of_another_version_is_refused);
    tcase_add_test(cases, a_file_of_another_size_is_refused_and_left_as_it_is);
    tcase_add_test(cases, a_file_that_cannot_be_opened_is_an_error);
    tcase_add_test(cases, a_file_that_others_no_longer_find_is_noticed);
    tcase_add_test(cases, what_was_noted_in_a_file_that_was_truncated_counts_for_nothing);
    tcase_add_test(cases, who_is_guarded_survives_that_the_file_is_cut);
    tcase_add_test_raise_signal(cases, who_is_not_guarded_dies_when_the_file_is_cut, SIGBUS);
    tcase_add_test(cases, a_command_makes_no_file_and_follows_no_link);
    tcase_add_test(cases, a_command_waits_for_nobody_who_locks_the_file);
    tcase_add_test(cases, a_command_learns_whether_a_service_was_notified);
    tcase_add_test(cases, a_full_file_system_is_told_at_the_start);
    tcase_add_test(cases, a_file_system_that_fills_up_later_does_no_harm);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Generations in a shared file. */
#include "cache/generations.h"
#include "ops/clock.h"
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
static struct generations *map(const char *name) {
    int descriptor = generations_file_open(scratch_path(name), error, sizeof error);
    ck_assert_msg(descriptor >= 0, "%s", error);
    struct generations *generations = generations_map(descriptor, error, sizeof error);
    close(descriptor);
    return generations;
}

static bool is_unchanged(const struct generations *generations, size_t slot,
                         struct generation before) {
    return generation_equal(generations_note(generations, slot), before);
}

START_TEST(a_new_file_is_made_with_its_folder) {
    int descriptor = generations_file_open(scratch_path("folder/new"), error, sizeof error);
    ck_assert_msg(descriptor >= 0, "%s", error);
    ck_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    struct generations *generations = generations_map(descriptor, error, sizeof error);
    ck_assert_msg(generations, "%s", error);
    struct stat status;
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_gt(status.st_size, 0);
    close(descriptor);

    struct generation first = generations_note(generations, 0);
    ck_assert(is_unchanged(generations, 1, first)); /* all begin alike */
    generations_unmap(generations);
}
END_TEST

START_TEST(a_raise_is_seen_by_everybody_who_maps_the_file) {
    struct generations *one = map("shared"), *other = map("shared");
    struct generation before = generations_note(other, 7);
    generations_raise(one, 7);
    ck_assert(!is_unchanged(other, 7, before));
    ck_assert(is_unchanged(one, 7, generations_note(other, 7)));
    generations_unmap(one);
    generations_unmap(other);
}
END_TEST

START_TEST(a_raise_touches_no_other_slot) {
    struct generations *generations = map("slots");
    struct generation before = generations_note(generations, 6);
    generations_raise(generations, 5);
    generations_raise(generations, 7);
    ck_assert(is_unchanged(generations, 6, before));
    generations_unmap(generations);
}
END_TEST

START_TEST(a_doubt_touches_every_slot) {
    struct generations *generations = map("epoch");
    size_t last = 0;
    for (int64_t id = 1; id < 1000000; id++) {
        size_t slot = generations_slot(SUBJECT_PRODUCT, id);
        last = slot > last ? slot : last;
    }
    const size_t slots[] = {0, 1, last};
    for (size_t i = 0; i < 3; i++) {
        struct generation before = generations_note(generations, slots[i]);
        generations_doubt(generations, 1);
        ck_assert(!is_unchanged(generations, slots[i], before));
    }
    generations_unmap(generations);
}
END_TEST

START_TEST(the_older_the_doubt_the_longer_a_page_is_trusted) {
    struct generations *one = map("trust"), *other = map("trust");
    generations_doubt(one, 100000);
    static const struct {
        int64_t now_ms, trust_ms;
    } cases[] = {{100000, 1000},
                 {100999, 1000},
                 {101001, 1001},
                 {160000, 60000},
                 {90000, 1000} /* the machine has started anew */};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(generations_trust_ms(other, cases[i].now_ms), cases[i].trust_ms);
    }
    generations_doubt(other, 150000);
    ck_assert_int_eq(generations_trust_ms(one, 160000), 10000);
    generations_unmap(one);
    generations_unmap(other);
}
END_TEST

START_TEST(what_somebody_else_notes_is_newer) {
    struct generations *generations = map("newer");
    struct generation before = generations_note(generations, 3);
    generations_raise(generations, 3);
    struct generation raised = generations_note(generations, 3);
    generations_doubt(generations, 1);
    struct generation doubted = generations_note(generations, 3);
    ck_assert(generation_is_newer(raised, before) && generation_is_newer(doubted, raised));
    ck_assert(!generation_is_newer(before, raised) && !generation_is_newer(raised, doubted));
    ck_assert(!generation_is_newer(doubted, doubted));
    generations_unmap(generations);
}
END_TEST

/* Whether a beat of this service declares a doubt, by what it tells and by the epoch. */
static bool doubts(struct generations *generations, struct generations_seat *seat, int64_t now_ms) {
    struct generation before = generations_note(generations, 0);
    bool told = generations_beat(generations, seat, now_ms);
    ck_assert_int_eq(told, !is_unchanged(generations, 0, before));
    return told;
}

START_TEST(a_service_that_beats_or_leaves_is_not_doubted) {
    struct generations *generations = map("beats");
    struct generations_seat one = {0}, other = {0};
    for (int64_t now_ms = 1000; now_ms < 20000; now_ms += 500) {
        ck_assert(!doubts(generations, &one, now_ms));
        ck_assert(!doubts(generations, &other, now_ms + 10));
    }
    ck_assert_uint_ne(one.index, other.index);
    generations_leave(generations, &other);
    ck_assert(!doubts(generations, &one, 100000));
    generations_unmap(generations);
}
END_TEST

START_TEST(a_service_that_falls_silent_is_doubted_once) {
    struct generations *generations = map("silence");
    struct generations_seat dead = {0}, one = {0}, other = {0};
    ck_assert(!doubts(generations, &dead, 1000));
    ck_assert(!doubts(generations, &one, 1000 + GENERATIONS_SILENT_AFTER_MS));
    ck_assert(!doubts(generations, &other, 1000 + GENERATIONS_SILENT_AFTER_MS));
    ck_assert(doubts(generations, &one, 1001 + GENERATIONS_SILENT_AFTER_MS));
    ck_assert_int_eq(generations_trust_ms(generations, 8001 + GENERATIONS_SILENT_AFTER_MS), 7000);
    ck_assert(!doubts(generations, &other, 1001 + GENERATIONS_SILENT_AFTER_MS));
    ck_assert(!doubts(generations, &one, 1500 + GENERATIONS_SILENT_AFTER_MS));
    generations_unmap(generations);
}
END_TEST

START_TEST(a_service_taken_for_dead_takes_another_seat) {
    struct generations *generations = map("again");
    struct generations_seat stopped = {0}, one = {0}, late = {0};
    ck_assert(!doubts(generations, &stopped, 1000));
    ck_assert(!doubts(generations, &one, 5000));
    ck_assert(doubts(generations, &one, 9000));
    ck_assert(!doubts(generations, &late, 9000)); /* takes the seat that has become free */
    ck_assert(!doubts(generations, &stopped, 9000));
    ck_assert_uint_ne(stopped.index, late.index);
    ck_assert(doubts(generations, &late, 9001 + GENERATIONS_SILENT_AFTER_MS)); /* all others */
    generations_unmap(generations);
}
END_TEST

START_TEST(a_beat_of_before_the_machine_started_is_silence) {
    struct generations *generations = map("restart");
    struct generations_seat before = {0}, after = {0};
    ck_assert(!doubts(generations, &before, 1000000));
    ck_assert(doubts(generations, &after, 2000));
    ck_assert(!doubts(generations, &after, 2500));
    generations_unmap(generations);
}
END_TEST

START_TEST(a_raise_of_one_does_not_make_up_for_another) {
    const struct generation both = {.counter = 3, .epoch = 4};
    const struct generation others[] = {{3, 5}, {4, 4}, {4, 3}, {2, 5}, {0, 0}};
    ck_assert(generation_equal(both, (struct generation){3, 4}));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!generation_equal(both, others[i]));
    }
}
END_TEST

START_TEST(what_was_raised_stays_when_nobody_uses_the_file) {
    struct generations *generations = map("kept");
    generations_raise(generations, 9);
    generations_doubt(generations, 1);
    struct generation before = generations_note(generations, 9);
    generations_unmap(generations);

    generations = map("kept");
    ck_assert(is_unchanged(generations, 9, before));
    generations_unmap(generations);
}
END_TEST

START_TEST(raises_of_several_processes_are_all_counted) {
    enum { PROCESSES = 3, RAISES = 20000 };
    struct generations *generations = map("counted");
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        for (int k = 0; child == 0 && k < RAISES; k++) {
            generations_raise(generations, 1);
            generations_doubt(generations, 1);
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
    struct generation after = generations_note(generations, 1);
    ck_assert_uint_eq(after.counter, PROCESSES * RAISES);
    ck_assert_uint_eq(after.epoch, PROCESSES * RAISES);
    generations_unmap(generations);
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
        ck_assert_uint_eq(generations_slot(cases[i].subject, cases[i].id), cases[i].slot);
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
        const size_t slots[] = {generations_slot(SUBJECT_PRODUCT, id),
                                generations_slot(SUBJECT_QUESTION, id)};
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
    struct generations *generations = map("version");
    ck_assert_ptr_nonnull(generations);
    generations_unmap(generations);
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
    static const char *const impossible[] = {"file/generations", "", "no/such/folder"};
    for (size_t i = 0; i < 3; i++) {
        *error = '\0';
        ck_assert_int_lt(generations_file_open(scratch_path(impossible[i]), error, sizeof error),
                         0);
        ck_assert_msg(strstr(error, "QA_SHARED_FILE") && !strchr(error, '\n'), "%s", error);
    }
}
END_TEST

START_TEST(a_file_that_others_no_longer_find_is_noticed) {
    char path[256];
    strcpy(path, scratch_path("lost"));
    int descriptor = generations_file_open(path, error, sizeof error);
    struct generations *generations = generations_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(generations);
    ck_assert_int_eq(generations_file_look(generations, path, descriptor), GENERATIONS_FILE_KEPT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(generations_file_look(generations, path, descriptor), GENERATIONS_FILE_LOST);
    generations_unmap(map("lost"));
    ck_assert_int_eq(generations_file_look(generations, path, descriptor), GENERATIONS_FILE_LOST);
    generations_unmap(generations);
    close(descriptor);
}
END_TEST

START_TEST(what_was_noted_in_a_file_that_was_truncated_counts_for_nothing) {
    int descriptor = generations_file_open(scratch_path("cut"), error, sizeof error);
    struct generations *generations = generations_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(generations);
    generations_doubt(generations, 1000);
    generations_raise(generations, 7);
    struct generation raised = generations_note(generations, 7),
                      other = generations_note(generations, 8);
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    ck_assert_int_eq(generations_file_look(generations, scratch_path("cut"), descriptor),
                     GENERATIONS_FILE_CUT);
    ck_assert(generations_restore(generations, descriptor, other.epoch, error, sizeof error));
    ck_assert_int_eq(generations_file_look(generations, scratch_path("cut"), descriptor),
                     GENERATIONS_FILE_KEPT);
    for (int i = 0; i < 10; i++) {
        ck_assert(!is_unchanged(generations, 7, raised));
        ck_assert(!is_unchanged(generations, 8, other));
        generations_raise(generations, 7);
        generations_doubt(generations, 2000);
    }
    struct generations *of_another = map("cut");
    ck_assert_msg(of_another, "%s", error);
    generations_unmap(of_another);
    generations_unmap(generations);
    close(descriptor);
}
END_TEST

START_TEST(who_is_guarded_survives_that_the_file_is_cut) {
    int descriptor = generations_file_open(scratch_path("guarded"), error, sizeof error);
    struct generations *generations = generations_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(generations);
    ck_assert(generations_guard(generations));
    generations_doubt(generations, 1000);
    struct generation before = generations_note(generations, 7);
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    generations_raise(generations, 7);
    generations_doubt(generations, 2000);
    struct stat status;
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_eq(status.st_size, 0);

    /* Somebody else makes it long again: that is no longer the memory that this process sees. */
    struct generations *of_another = map("guarded");
    ck_assert_int_eq(generations_file_look(generations, scratch_path("guarded"), descriptor),
                     GENERATIONS_FILE_CUT);
    ck_assert(generations_restore(generations, descriptor, before.epoch, error, sizeof error));
    ck_assert_int_eq(generations_file_look(generations, scratch_path("guarded"), descriptor),
                     GENERATIONS_FILE_KEPT);
    ck_assert(generation_is_newer(generations_note(of_another, 7), before));
    generations_raise(generations, 7);
    ck_assert(is_unchanged(of_another, 7, generations_note(generations, 7)));
    generations_unmap(of_another);
    generations_unmap(generations);
    close(descriptor);
}
END_TEST

START_TEST(who_is_not_guarded_dies_when_the_file_is_cut) {
    int descriptor = generations_file_open(scratch_path("unguarded"), error, sizeof error);
    struct generations *generations = generations_map(descriptor, error, sizeof error);
    ck_assert_ptr_nonnull(generations);
    struct generations *guarded = map("guarded too");
    signal(SIGBUS, SIG_DFL); /* also where a sanitizer would report it */
    ck_assert(generations_guard(guarded));
    ck_assert_int_eq(ftruncate(descriptor, 0), 0);
    generations_raise(generations, 7);
}
END_TEST

START_TEST(a_command_makes_no_file_and_follows_no_link) {
    char path[256], link[256];
    strcpy(path, scratch_path("not to be told"));
    strcpy(link, scratch_path("link"));
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_NOBODY);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_lt(generations_file_open(link, error, sizeof error), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    scratch_file("not to be told", "");
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_NOBODY);
    *error = '\0';
    ck_assert_int_eq(generations_tell(link, error, sizeof error), GENERATIONS_UNTOLD);
    ck_assert_msg(strstr(error, "QA_SHARED_FILE") && strstr(error, "symbolic link"), "%s", error);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, 0);

    generations_unmap(map("not to be told"));
    struct generations *generations = map("not to be told");
    struct generation before = generations_note(generations, 3);
    ck_assert_int_eq(generations_tell(link, error, sizeof error), GENERATIONS_UNTOLD);
    ck_assert(is_unchanged(generations, 3, before));
    generations_unmap(generations);
}
END_TEST

START_TEST(a_command_waits_for_nobody_who_locks_the_file) {
    struct generations *generations = map("locked");
    int descriptor = open(scratch_path("locked"), O_RDWR);
    ck_assert_int_eq(flock(descriptor, LOCK_EX), 0);
    ck_assert_int_eq(generations_tell(scratch_path("locked"), error, sizeof error),
                     GENERATIONS_NOBODY);
    close(descriptor);
    generations_unmap(generations);
}
END_TEST

START_TEST(a_command_learns_whether_a_service_was_told) {
    char path[256];
    strcpy(path, scratch_path("told"));
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_NOBODY);
    struct generations *generations = map("told");
    struct generations_seat seat = {0};
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_NOBODY);
    generations_beat(generations, &seat, clock_ms());
    struct generation before = generations_note(generations, 3);
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_TOLD);
    ck_assert(!is_unchanged(generations, 3, before));
    generations_leave(generations, &seat);
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_NOBODY);
    generations_unmap(generations);
    scratch_file("told", "something else");
    ck_assert_int_eq(generations_tell(path, error, sizeof error), GENERATIONS_UNTOLD);
}
END_TEST

START_TEST(a_full_file_system_is_told_at_the_start) {
    if (!scratch_mount_small("full", 1024 * 1024)) {
        return;
    }
    *error = '\0';
    ck_assert_ptr_null(map("full/generations"));
    ck_assert_msg(strstr(error, "QA_SHARED_FILE") && strstr(error, "No space") &&
                      !strchr(error, '\n'),
                  "%s", error);
}
END_TEST

START_TEST(a_file_system_that_fills_up_later_does_no_harm) {
    if (!scratch_mount_small("filling", 16 * 1024 * 1024)) {
        return;
    }
    struct generations *generations = map("filling/generations");
    ck_assert_msg(generations, "%s", error);
    FILE *rest = fopen(scratch_path("filling/rest"), "w");
    ck_assert_ptr_nonnull(rest);
    setvbuf(rest, NULL, _IONBF, 0);
    char block[4096] = {0};
    while (fwrite(block, sizeof block, 1, rest) == 1) {
    }
    for (int64_t id = 1; id <= 100000; id++) { /* each page of the file is touched */
        generations_raise(generations, generations_slot(SUBJECT_PRODUCT, id));
    }
    fclose(rest);
    generations_unmap(generations);
}
END_TEST

Suite *generations_suite(void) {
    Suite *suite = suite_create("generations");
    TCase *cases = tcase_create("generations");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_test(cases, a_new_file_is_made_with_its_folder);
    tcase_add_test(cases, a_raise_is_seen_by_everybody_who_maps_the_file);
    tcase_add_test(cases, a_raise_touches_no_other_slot);
    tcase_add_test(cases, a_doubt_touches_every_slot);
    tcase_add_test(cases, the_older_the_doubt_the_longer_a_page_is_trusted);
    tcase_add_test(cases, what_somebody_else_notes_is_newer);
    tcase_add_test(cases, a_service_that_beats_or_leaves_is_not_doubted);
    tcase_add_test(cases, a_service_that_falls_silent_is_doubted_once);
    tcase_add_test(cases, a_service_taken_for_dead_takes_another_seat);
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
    tcase_add_test(cases, a_command_learns_whether_a_service_was_told);
    tcase_add_test(cases, a_full_file_system_is_told_at_the_start);
    tcase_add_test(cases, a_file_system_that_fills_up_later_does_no_harm);
    suite_add_tcase(suite, cases);
    return suite;
}

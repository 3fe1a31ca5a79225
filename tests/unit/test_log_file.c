/* The log's file: every line is in it, or in what it was moved to. */
#include "ops/log.h"
#include "ops/log_file.h"
#include "scratch.h"
#include "suites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct logger logger = {.level = LOG_LEVEL_INFO, .worker = -1};

static void say(const char *message) {
    log_write(&logger, LOG_LEVEL_INFO, message, NULL);
}

/* Whether the file of that name holds these messages, one a line, and no other line. */
static void assert_holds(const char *name, const char *const messages[], size_t count) {
    FILE *file = fopen(scratch_path(name), "r");
    char line[300], member[100];
    ck_assert_ptr_nonnull(file);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        snprintf(member, sizeof member, "\"message\":\"%s\"}\n", messages[i]);
        ck_assert_msg(strstr(line, member) != NULL, "%s lacks %s", line, member);
    }
    ck_assert_ptr_null(fgets(line, sizeof line, file));
    fclose(file);
}

static void move(const char *from, const char *to) {
    char *source = strdup(scratch_path(from));
    ck_assert_int_eq(rename(source, scratch_path(to)), 0);
    free(source);
}

START_TEST(lines_follow_the_name_of_the_file) {
    ck_assert(log_file_open(scratch_path("log")));
    say("one");
    say("two");
    move("log", "log.1");
    say("three");
    ck_assert_int_eq(unlink(scratch_path("log")), 0);
    say("four");
    assert_holds("log.1", (const char *const[]){"one", "two"}, 2);
    assert_holds("log", (const char *const[]){"four"}, 1);
}
END_TEST

START_TEST(a_file_is_made_before_there_is_a_line_where_that_is_asked_for) {
    ck_assert(log_file_open(scratch_path("asked")));
    move("asked", "asked.1");
    log_file_follow();
    assert_holds("asked", NULL, 0);
}
END_TEST

START_TEST(a_file_that_is_there_is_continued_and_others_may_not_read_it) {
    struct stat status;
    scratch_file("kept", "{\"message\":\"zero\"}\n");
    ck_assert(log_file_open(scratch_path("kept")));
    say("one");
    assert_holds("kept", (const char *const[]){"zero", "one"}, 2);
    ck_assert(log_file_open(scratch_path("new")));
    ck_assert_int_eq(stat(scratch_path("new"), &status), 0);
    ck_assert_int_eq(status.st_mode & 07, 0);
}
END_TEST

START_TEST(where_no_new_file_can_be_made_lines_go_where_they_went) {
    ck_assert_int_eq(mkdir(scratch_path("folder"), 0700), 0);
    ck_assert(log_file_open(scratch_path("folder/log")));
    move("folder", "moved");
    say("one");
    assert_holds("moved/log", (const char *const[]){"one"}, 1);
    move("moved", "folder");
    say("two");
    assert_holds("folder/log", (const char *const[]){"one", "two"}, 2);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_told_and_no_file_is_fine) {
    ck_assert(!log_file_open(scratch_path("nowhere/log")));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert(log_file_open(""));
}
END_TEST

Suite *log_file_suite(void) {
    Suite *suite = suite_create("log_file");
    TCase *cases = tcase_create("log_file");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_test(cases, lines_follow_the_name_of_the_file);
    tcase_add_test(cases, a_file_is_made_before_there_is_a_line_where_that_is_asked_for);
    tcase_add_test(cases, a_file_that_is_there_is_continued_and_others_may_not_read_it);
    tcase_add_test(cases, where_no_new_file_can_be_made_lines_go_where_they_went);
    tcase_add_test(cases, a_file_that_cannot_be_opened_is_told_and_no_file_is_fine);
    suite_add_tcase(suite, cases);
    return suite;
}

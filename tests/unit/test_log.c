/* The log, as it arrives at the other end of standard error. */
#include "ops/log.h"
#include "scratch.h"
#include "suites.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int standard_error;
static int log_pipe[2];

static void redirect(void) {
    standard_error = dup(STDERR_FILENO);
    /* With O_DIRECT one read() returns what one write() wrote. */
    ck_assert_int_eq(pipe2(log_pipe, O_DIRECT | O_NONBLOCK), 0);
    dup2(log_pipe[1], STDERR_FILENO);
}

static void restore(void) {
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(log_pipe[0]);
    close(log_pipe[1]);
}

/* The next line as JSON, to be released; NULL when nothing was written. */
static json_t *next_line(void) {
    char line[4096];
    ssize_t length = read(log_pipe[0], line, sizeof line);
    if (length < 0) {
        return NULL;
    }
    ck_assert_ptr_eq(memchr(line, '\n', (size_t)length), line + length - 1);
    json_t *fields = json_loadb(line, (size_t)length, 0, NULL);
    ck_assert_msg(json_is_object(fields), "not JSON: %.*s", (int)length, line);
    return fields;
}

static const char *text_of(const json_t *line, const char *field) {
    return json_string_value(json_object_get(line, field));
}

START_TEST(a_line_has_level_message_worker_and_what_the_caller_adds) {
    const struct logger logger = {.level = LOG_LEVEL_INFO, .worker = 3};
    log_write(&logger, LOG_LEVEL_WARNING, "hello", "{s:s, s:i}", "request_id", "r-1", "status",
              503);
    json_t *line = next_line();
    ck_assert_pstr_eq(text_of(line, "level"), "warning");
    ck_assert_pstr_eq(text_of(line, "message"), "hello");
    ck_assert_pstr_eq(text_of(line, "request_id"), "r-1");
    ck_assert_int_eq(json_integer_value(json_object_get(line, "status")), 503);
    ck_assert_int_eq(json_integer_value(json_object_get(line, "worker")), 3);
    ck_assert_ptr_nonnull(text_of(line, "time"));
    ck_assert_uint_eq(json_object_size(line), 6);
    json_decref(line);
}
END_TEST

START_TEST(worker_0_is_named_and_the_supervisor_is_not) {
    static const struct logger worker = {.worker = 0}, supervisor = {.worker = -1};
    log_write(&worker, LOG_LEVEL_INFO, "hello", NULL);
    log_write(&supervisor, LOG_LEVEL_INFO, "hello", NULL);
    json_t *by_worker = next_line(), *by_supervisor = next_line();
    ck_assert(json_is_integer(json_object_get(by_worker, "worker")));
    ck_assert_ptr_null(json_object_get(by_supervisor, "worker"));
    json_decref(by_worker);
    json_decref(by_supervisor);
}
END_TEST

START_TEST(hostile_text_comes_back_as_it_was) {
    static const char hostile[] = "\"}\n{\"level\":\"error\"}\\ \x01 é😀 \u2028";
    const struct logger logger = {.worker = -1};
    log_write(&logger, LOG_LEVEL_INFO, hostile, "{s:s}", "reason", hostile);
    json_t *line = next_line();
    ck_assert_pstr_eq(text_of(line, "message"), hostile);
    ck_assert_pstr_eq(text_of(line, "reason"), hostile);
    ck_assert_pstr_eq(text_of(line, "level"), "info");
    json_decref(line);
}
END_TEST

START_TEST(a_field_that_is_not_utf_8_does_not_cost_the_message) {
    const struct logger logger = {.worker = -1};
    log_write(&logger, LOG_LEVEL_INFO, "hello", "{s:s}", "reason", "\xFF\xFE");
    json_t *line = next_line();
    ck_assert_pstr_eq(text_of(line, "message"), "hello");
    json_decref(line);
}
END_TEST

START_TEST(lines_below_the_level_are_dropped) {
    for (int least = LOG_LEVEL_DEBUG; least <= LOG_LEVEL_ERROR; least++) {
        const struct logger logger = {.level = (enum log_level)least, .worker = -1};
        for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
            log_write(&logger, (enum log_level)level, "hello", NULL);
            json_t *line = next_line();
            ck_assert_msg((line != NULL) == (level >= least), "%d at %d", level, least);
            json_decref(line);
        }
    }
}
END_TEST

START_TEST(time_is_utc_with_milliseconds) {
    setenv("TZ", "XYZ-5:30", 1);
    tzset();
    const struct logger logger = {.worker = -1};
    log_write(&logger, LOG_LEVEL_INFO, "hello", NULL);
    unsetenv("TZ");
    tzset();

    json_t *line = next_line();
    struct tm utc = {0};
    const char *rest = strptime(text_of(line, "time"), "%Y-%m-%dT%H:%M:%S", &utc);
    ck_assert_ptr_nonnull(rest);
    ck_assert_int_eq(*rest, '.');
    ck_assert_uint_eq(strspn(rest + 1, "0123456789"), 3);
    ck_assert_str_eq(rest + 4, "Z");
    ck_assert_int_le(labs(timegm(&utc) - time(NULL)), 10);
    json_decref(line);
}
END_TEST

START_TEST(levels_have_names) {
    static const char *const names[] = {"debug", "info", "warning", "error"};
    static const char *const wrong[] = {"", "Info", "warn", "errors", "2"};
    enum log_level level;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert(log_level_from_name(names[i], &level));
        ck_assert_uint_eq(level, i);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!log_level_from_name(wrong[i], &level), "%s", wrong[i]);
    }
}
END_TEST

/* Puts a pipe that blocks, or a socket, in place of the one that does not. */
static void block(bool is_socket) {
    restore();
    standard_error = dup(STDERR_FILENO);
    ck_assert_int_eq(
        is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, log_pipe) : pipe2(log_pipe, O_CLOEXEC), 0);
    dup2(log_pipe[1], STDERR_FILENO);
}

/* Logs until more lines are lost than could be read; then reads all: whole lines, and at last, once
 * there is room, how many were lost. */
static void assert_losses_are_told(void) {
    enum { LINES = 20000, LEAST = 100 };
    const struct logger logger = {.worker = 2};
    metrics_number lost = 0;
    log_count_lost_in(&lost);
    for (int i = 0; i < LINES; i++) {
        log_write(&logger, LOG_LEVEL_INFO, "hello", "{s:s}", "reason", "a line of some length");
    }
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq(fcntl(log_pipe[0], F_SETFL, O_NONBLOCK), 0);
    FILE *reader = fdopen(dup(log_pipe[0]), "r");
    char text[4096];
    int read = 0;
    for (; fgets(text, sizeof text, reader); read++) {
        json_t *line = json_loads(text, 0, NULL);
        ck_assert_msg(json_is_object(line), "not JSON: %s", text);
        json_decref(line);
    }
    ck_assert_int_ge(read, LEAST);
    ck_assert_int_le(read, LINES - LEAST);
    clearerr(reader);
    log_tell_lost(&logger);
    log_tell_lost(&logger); /* once is enough */
    log_write(&logger, LOG_LEVEL_INFO, "hello again", NULL);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, reader));
    json_t *told = json_loads(text, 0, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(told, "lines")), LINES - read);
    ck_assert_uint_eq(metrics_get(&lost), (unsigned)(LINES - read));
    ck_assert_pstr_eq(text_of(told, "level"), "warning");
    json_decref(told);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, reader));
    ck_assert_ptr_nonnull(strstr(text, "hello again"));
    log_count_lost_in(NULL);
    fclose(reader);
}

START_TEST(a_pipe_that_nobody_reads_costs_lines_and_no_time) {
    block(false);
    assert_losses_are_told();
}
END_TEST

START_TEST(a_pipe_of_somebody_else_that_nobody_reads_costs_lines_and_no_time) {
    block(false);
    if (geteuid() == 0) {
        ck_assert_int_eq(setresuid(65534, 65534, 65534), 0); /* may not open it anew */
    }
    assert_losses_are_told();
}
END_TEST

START_TEST(a_socket_that_nobody_reads_costs_lines_and_no_time) {
    block(true);
    assert_losses_are_told();
}
END_TEST

START_TEST(fields_that_are_too_long_do_not_cost_the_message) {
    static char longest[100000];
    const struct logger logger = {.worker = -1};
    for (size_t length = 3000; length < sizeof longest; length += length / 10) {
        memset(longest, '"', length);
        log_write(&logger, LOG_LEVEL_INFO, "hello", "{s:s}", "reason", longest);
        json_t *line = next_line();
        ck_assert_pstr_eq(text_of(line, "message"), "hello");
        json_decref(line);
    }
}
END_TEST

START_TEST(a_full_disk_costs_lines_which_are_told_once_there_is_room) {
    enum { SIZE = 64 * 1024 };
    const struct logger logger = {.worker = -1};
    if (!scratch_mount_small("full", SIZE)) {
        return;
    }
    int ballast = open(scratch_path("full/ballast"), O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(posix_fallocate(ballast, 0, SIZE / 2), 0);
    int file = open(scratch_path("full/log"), O_RDWR | O_CREAT | O_APPEND, 0600);
    dup2(file, STDERR_FILENO);
    for (int i = 0; i < 1000; i++) {
        log_write(&logger, LOG_LEVEL_INFO, "hello", NULL);
    }
    ck_assert_int_eq(ftruncate(ballast, 0), 0);
    log_write(&logger, LOG_LEVEL_INFO, "there is room", NULL);
    char text[SIZE] = "";
    ck_assert_int_gt(pread(file, text, sizeof text - 1, 0), 0);
    const char *told = strstr(text, "\"lines\":");
    ck_assert_ptr_nonnull(told);
    ck_assert_int_gt(atoi(told + strlen("\"lines\":")), 100);
    ck_assert_ptr_nonnull(strstr(told, "there is room"));
    while (told > text && told[-1] != '\n') {
        told--;
    }
    json_t *line = json_loads(told, JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_msg(json_is_object(line), "not JSON: %s", told);
    json_decref(line);
}
END_TEST

Suite *log_suite(void) {
    Suite *suite = suite_create("log");
    TCase *cases = tcase_create("log");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, redirect, restore);
    tcase_add_test(cases, a_line_has_level_message_worker_and_what_the_caller_adds);
    tcase_add_test(cases, worker_0_is_named_and_the_supervisor_is_not);
    tcase_add_test(cases, hostile_text_comes_back_as_it_was);
    tcase_add_test(cases, a_field_that_is_not_utf_8_does_not_cost_the_message);
    tcase_add_test(cases, lines_below_the_level_are_dropped);
    tcase_add_test(cases, time_is_utc_with_milliseconds);
    tcase_add_test(cases, levels_have_names);
    tcase_add_test(cases, a_pipe_that_nobody_reads_costs_lines_and_no_time);
    tcase_add_test(cases, a_pipe_of_somebody_else_that_nobody_reads_costs_lines_and_no_time);
    tcase_add_test(cases, a_socket_that_nobody_reads_costs_lines_and_no_time);
    tcase_add_test(cases, fields_that_are_too_long_do_not_cost_the_message);
    tcase_add_test(cases, a_full_disk_costs_lines_which_are_told_once_there_is_room);
    suite_add_tcase(suite, cases);
    return suite;
}

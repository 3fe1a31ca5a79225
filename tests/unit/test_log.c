/* The log, as it arrives at the other end of standard error. */
#include "ops/log.h"
#include "suites.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
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

Suite *log_suite(void) {
    Suite *suite = suite_create("log");
    TCase *cases = tcase_create("log");
    tcase_add_checked_fixture(cases, redirect, restore);
    tcase_add_test(cases, a_line_has_level_message_worker_and_what_the_caller_adds);
    tcase_add_test(cases, worker_0_is_named_and_the_supervisor_is_not);
    tcase_add_test(cases, hostile_text_comes_back_as_it_was);
    tcase_add_test(cases, a_field_that_is_not_utf_8_does_not_cost_the_message);
    tcase_add_test(cases, lines_below_the_level_are_dropped);
    tcase_add_test(cases, time_is_utc_with_milliseconds);
    tcase_add_test(cases, levels_have_names);
    suite_add_tcase(suite, cases);
    return suite;
}

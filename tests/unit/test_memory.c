/* Memory that runs out. */
#include "ops/memory.h"
#include "suites.h"

#include <jansson.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Volatile, so that no compiler sees that nobody has as much. */
static volatile size_t too_much = SIZE_MAX / 4;

static void allocate(void) {
    free(memory_allocate(too_much));
}

static void callocate(void) {
    free(memory_calloc(too_much, 16));
}

static void reallocate(void) {
    free(memory_realloc(memory_allocate(1), too_much));
}

static void demand(void) {
    memory_demand(too_much == 0);
}

static void in_jansson(void) {
    memory_bind_libraries();
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_AS, &none);
    json_t *list = json_array();
    for (int i = 0; i < 100000000; i++) {
        json_array_append_new(list, json_integer(i));
    }
}

/* What a process logs that does this; fails unless it aborts then. */
static void last_words(void (*act)(void), char *words, size_t size) {
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        act();
        _exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], words, size - 1);
    words[length < 0 ? 0 : length] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %d: %s", status,
                  words);
}

START_TEST(a_process_without_memory_says_so_and_aborts) {
    static void (*const acts[])(void) = {demand,    memory_exhausted, allocate,
                                         callocate, reallocate,       in_jansson};
    size_t count = sizeof acts / sizeof *acts;
#ifdef __SANITIZE_ADDRESS__
    count = 2; /* the sanitizer's allocator ends the process in its own way */
#endif
    for (size_t i = 0; i < count; i++) {
        char words[1000];
        last_words(acts[i], words, sizeof words);
        json_t *line = json_loads(words, 0, NULL);
        ck_assert_msg(line != NULL, "no line of the log: '%s'", words);
        ck_assert_str_eq(json_string_value(json_object_get(line, "message")),
                         "memory is out; the process ends");
        ck_assert_str_eq(json_string_value(json_object_get(line, "level")), "error");
        json_decref(line);
    }
}
END_TEST

START_TEST(nothing_is_something_that_can_be_freed) {
    free(memory_allocate(0));
    free(memory_calloc(0, 8));
    free(memory_realloc(memory_allocate(8), 0));
    memory_demand(true);
}
END_TEST

START_TEST(what_is_allocated_is_as_asked) {
    static const char zeros[100];
    char *text = memory_strdup("text"), *cleared = memory_calloc(10, 10);
    ck_assert_str_eq(text, "text");
    ck_assert_mem_eq(cleared, zeros, sizeof zeros);
    text = memory_realloc(text, 1000);
    ck_assert_str_eq(text, "text");
    free(text);
    free(cleared);
}
END_TEST

Suite *memory_suite(void) {
    Suite *suite = suite_create("memory");
    TCase *cases = tcase_create("memory");
    tcase_add_test(cases, a_process_without_memory_says_so_and_aborts);
    tcase_add_test(cases, nothing_is_something_that_can_be_freed);
    tcase_add_test(cases, what_is_allocated_is_as_asked);
    suite_add_tcase(suite, cases);
    return suite;
}

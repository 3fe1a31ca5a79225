/* Worker processes, as the supervisor sees them; a shell script stands for the program. */
#include "ops/clock.h"
#include "ops/config_load.h"
#include "process/children.h"
#include "scratch.h"
#include "suites.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct event_base *base;
static struct children *children;
static struct config config;
static struct metrics_memory metrics;
static int ready_calls;

static const struct logger quiet = {.level = LOG_LEVEL_ERROR + 1, .worker = -1};

static void on_ready(void *owner, const struct child *child) {
    (void)owner;
    ck_assert_int_eq(child->state, CHILD_READY);
    ready_calls++;
    event_base_loopbreak(base);
}

static void make_children(void) {
    char error[256];
    char *argv[] = {NULL};
    ck_assert_int_eq(config_load(&config, 1, argv, error, sizeof error), CONFIG_OK);
    base = event_base_new();
    children = calloc(1, sizeof *children);
    ck_assert_ptr_nonnull(children);
    ck_assert(metrics_memory_create(&metrics));
    ck_assert(children_init(children, base, &quiet, &metrics, on_ready, NULL));
    ready_calls = 0;
}

static void free_children(void) {
    for (size_t i = 0; i < HEARTBEAT_SLOTS; i++) {
        if (children->all[i].pid > 0) {
            kill(children->all[i].pid, SIGKILL);
        }
        watch_stop(&children->all[i].readiness);
    }
    event_base_free(base);
    free(children);
    config_free(&config);
}

/* Starts a worker that does what the shell's `commands` say. */
static bool start_as(enum child_role role, unsigned index, unsigned generation,
                     const char *commands) {
    char script[300], name[40];
    snprintf(name, sizeof name, "program%u.%u", index, generation);
    snprintf(script, sizeof script, "#!/bin/sh\n%s\n", commands);
    const char *path = scratch_file(name, script);
    ck_assert_int_eq(chmod(path, 0700), 0);
    const struct spawn spawn = {.program = path,
                                .role = role,
                                .config = &config,
                                .identity.index = (int)index,
                                .socket = -1,
                                .memory = -1,
                                .presence = -1,
                                .overview = -1,
                                .report = -1};
    return children_start(children, &spawn, generation);
}

static bool start(unsigned index, unsigned generation, const char *commands) {
    return start_as(CHILD_WORKER, index, generation, commands);
}

/* Waits for the next worker to end. */
static struct child_exit wait_for_exit(void) {
    struct child_exit dead;
    siginfo_t info;
    ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    ck_assert(children_reap(children, &dead));
    return dead;
}

#define SERVE "printf x >&4; exec 4>&-; exec sleep 1000"
#define SERVE_AS_ADMIN "printf x >&3; exec 3>&-; exec sleep 1000"

START_TEST(a_worker_is_ready_when_it_has_said_so) {
    ck_assert(start(3, 7, SERVE));
    ck_assert_uint_eq(children_count_ready(children, 7), 0);
    event_base_dispatch(base);
    ck_assert_int_eq(ready_calls, 1);
    ck_assert_uint_eq(children_count_ready(children, 7), 1);
    ck_assert_uint_eq(children_count_ready(children, 8), 0);
}
END_TEST

START_TEST(a_worker_that_ends_before_it_is_ready_never_was) {
    ck_assert(start(0, 1, "exit 5"));
    ck_assert(!children_are_gone(children));
    struct child_exit dead = wait_for_exit();
    ck_assert_int_eq(ready_calls, 0);
    ck_assert_uint_eq(dead.index, 0);
    ck_assert_uint_eq(dead.generation, 1);
    ck_assert(!dead.was_draining);
    ck_assert_int_eq(WEXITSTATUS(dead.status), 5);
    ck_assert(children_are_gone(children));
    ck_assert(!children_reap(children, &dead));
}
END_TEST

START_TEST(a_program_that_cannot_be_run_is_no_worker) {
    const struct spawn spawn = {
        .program = "/nowhere", .config = &config, .socket = -1, .memory = -1, .presence = -1};
    ck_assert(!children_start(children, &spawn, 1));
    ck_assert(children_are_gone(children));
}
END_TEST

START_TEST(only_the_generation_that_is_meant_drains) {
    ck_assert(start(0, 1, SERVE));
    ck_assert(start(0, 2, SERVE));
    children_drain_others(children, 2, 60000);
    struct child_exit dead = wait_for_exit();
    ck_assert_uint_eq(dead.generation, 1);
    ck_assert(dead.was_draining);
    ck_assert(!children_are_gone(children));
    children_drain(children, 2, 60000);
    dead = wait_for_exit();
    ck_assert_uint_eq(dead.generation, 2);
    ck_assert(children_are_gone(children));
}
END_TEST

START_TEST(a_worker_that_drains_is_not_ready_any_more) {
    ck_assert(start(0, 1, SERVE));
    event_base_dispatch(base);
    children_drain(children, 1, 60000);
    ck_assert_uint_eq(children_count_ready(children, 1), 0);
}
END_TEST

START_TEST(a_worker_without_a_heartbeat_is_killed) {
    ck_assert(start(0, 1, SERVE));
    int64_t now_ms = clock_ms();
    children_kill_hung(children, now_ms);
    children_kill_hung(children, now_ms + CHILDREN_HANG_AFTER_MS + 1000);
    struct child_exit dead = wait_for_exit();
    ck_assert(WIFSIGNALED(dead.status));
    ck_assert_int_eq(WTERMSIG(dead.status), SIGKILL);
}
END_TEST

START_TEST(a_worker_that_does_not_finish_draining_is_killed) {
    ck_assert(start(0, 1, "trap '' TERM; " SERVE));
    event_base_dispatch(base);
    children_drain(children, 1, 0);
    int64_t later_ms = clock_ms() + 4000; /* within the time for a heartbeat */
    children_kill_hung(children, later_ms);
    struct child_exit dead = wait_for_exit();
    ck_assert(WIFSIGNALED(dead.status));
    ck_assert_int_eq(WTERMSIG(dead.status), SIGKILL);
    ck_assert(dead.was_draining);
}
END_TEST

START_TEST(a_worker_that_dies_in_a_pause_leaves_no_doubt_if_it_had_no_session) {
    int64_t now_ms = clock_ms();
    ck_assert_int_eq(pause_begin(children->pause, now_ms, 60000), PAUSE_BEGUN);
    for (uint64_t sessions = 0; sessions < 2; sessions++) {
        const struct pause_report report = {.number = pause_number(children->pause, now_ms),
                                            .sessions = sessions};
        ck_assert(start(0, 1, SERVE)); /* each time in the first slot */
        pause_tell(children->pause, 0, &report);
        ck_assert_int_eq(kill(children->all[0].pid, SIGKILL), 0);
        ck_assert(wait_for_exit().was_quiet == (sessions == 0));
    }
    ck_assert(start(0, 1, "exit 1")); /* it has told nothing */
    ck_assert(!wait_for_exit().was_quiet);
}
END_TEST

START_TEST(a_worker_writes_and_the_admin_process_where_there_are_moderators) {
    ck_assert(start(0, 1, "exit 1"));
    ck_assert(wait_for_exit().was_writer);
    ck_assert(start_as(CHILD_VALIDATOR, 0, 1, "exit 1"));
    ck_assert(!wait_for_exit().was_writer);
    ck_assert(start_as(CHILD_ADMIN, 0, 1, "exit 1"));
    ck_assert(!wait_for_exit().was_writer);
    free(config.moderation_tokens);
    config.moderation_tokens = strdup("Erna:8d0f");
    ck_assert(start_as(CHILD_ADMIN, 0, 1, "exit 1"));
    ck_assert(wait_for_exit().was_writer);
}
END_TEST

START_TEST(the_admin_process_is_no_worker_and_outlives_them) {
    ck_assert(start_as(CHILD_ADMIN, 0, 1, SERVE_AS_ADMIN));
    event_base_dispatch(base);
    ck_assert_int_eq(ready_calls, 1);
    ck_assert_uint_eq(children_count_ready(children, 1), 0);
    ck_assert(start(0, 1, SERVE));
    children_drain_workers(children, 60000);
    struct child_exit dead = wait_for_exit();
    ck_assert_int_eq(dead.role, CHILD_WORKER);
    ck_assert(children_have_no_worker(children) && !children_are_gone(children));
    children_drain_others(children, 0, 60000);
    dead = wait_for_exit();
    ck_assert_int_eq(dead.role, CHILD_ADMIN);
    ck_assert(dead.was_draining);
    ck_assert(children_are_gone(children));
}
END_TEST

START_TEST(the_admin_process_has_no_connection_string) {
    char error[256];
    char *argv[] = {NULL};
    config_free(&config);
    setenv("DATABASE_URL", "postgresql://user:s3cret@/db", 1);
    ck_assert_int_eq(config_load(&config, 1, argv, error, sizeof error), CONFIG_OK);
    unsetenv("DATABASE_URL");
    setenv("PGPASSWORD", "s3cret", 1);
    ck_assert(start_as(CHILD_ADMIN, 0, 1,
                       "[ \"$DATABASE_URL_FILE\" = /dev/null ] && ! env | grep s3cret && exit 7"));
    unsetenv("PGPASSWORD");
    ck_assert_int_eq(WEXITSTATUS(wait_for_exit().status), 7);
}
END_TEST

Suite *children_suite(void) {
    Suite *suite = suite_create("children");
    TCase *cases = tcase_create("children");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, make_children, free_children);
    tcase_add_test(cases, a_worker_is_ready_when_it_has_said_so);
    tcase_add_test(cases, a_worker_that_ends_before_it_is_ready_never_was);
    tcase_add_test(cases, a_program_that_cannot_be_run_is_no_worker);
    tcase_add_test(cases, only_the_generation_that_is_meant_drains);
    tcase_add_test(cases, a_worker_that_drains_is_not_ready_any_more);
    tcase_add_test(cases, a_worker_without_a_heartbeat_is_killed);
    tcase_add_test(cases, a_worker_that_does_not_finish_draining_is_killed);
    tcase_add_test(cases, a_worker_that_dies_in_a_pause_leaves_no_doubt_if_it_had_no_session);
    tcase_add_test(cases, a_worker_writes_and_the_admin_process_where_there_are_moderators);
    tcase_add_test(cases, the_admin_process_is_no_worker_and_outlives_them);
    tcase_add_test(cases, the_admin_process_has_no_connection_string);
    suite_add_tcase(suite, cases);
    return suite;
}

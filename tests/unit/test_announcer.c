/* What a service manager is told; a socket of the test's stands for it. */
#include "ops/clock.h"
#include "process/announcer.h"
#include "scratch.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WORKERS = 2, MANY_MESSAGES = 100000 };

static int manager;
static struct service *service;
static struct announcer announcer;
static char received[4096];

static const struct logger quiet = {.level = LOG_LEVEL_ERROR + 1, .worker = -1};

/* A manager that waits for a sign of life each 20 seconds. */
static void make(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path("manager"));
    unlink(address.sun_path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (const struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    announcer_init(&announcer, &quiet);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_ptr_null(getenv("WATCHDOG_USEC"));

    service = calloc(1, sizeof *service);
    service->current = (struct setup){.generation = 1, .config.workers = WORKERS};
    service->children.heartbeats = calloc(1, sizeof *service->children.heartbeats);
    announcer_begin(&announcer, 1000);
}

static void release(void) {
    announcer_free(&announcer);
    close(manager);
    free(service->children.heartbeats);
    free(service);
}

static void set_worker(size_t slot, enum child_state state, int64_t beat_ms) {
    service->children.all[slot] =
        (struct child){.state = state, .generation = 1, .started_ms = 1000, .pid = 1};
    atomic_store(&service->children.heartbeats->beat_ms[slot], beat_ms);
}

static void set_workers(enum child_state state, int64_t beat_ms) {
    for (size_t i = 0; i < WORKERS; i++) {
        set_worker(i, state, beat_ms);
    }
}

/* The messages that have come since the last call, each ended by a bar. */
static const char *messages(void) {
    size_t length = 0;
    ssize_t size;
    while ((size = recv(manager, received + length, sizeof received - length - 2, 0)) > 0) {
        length += (size_t)size;
        received[length++] = '|';
    }
    received[length] = '\0';
    return received;
}

static const char *told(enum lifecycle_state state, int64_t now_ms) {
    announcer_update(&announcer, service, state, now_ms);
    return messages();
}

static void become_ready(void) {
    set_workers(CHILD_READY, 1001);
    announcer_update(&announcer, service, LIFECYCLE_SERVING, 1002);
    (void)messages();
}

START_TEST(it_is_ready_when_all_workers_are) {
    set_workers(CHILD_STARTING, 1000);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 1100), "");
    set_worker(0, CHILD_READY, 1001);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 1200), "");
    set_worker(1, CHILD_READY, 1001);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 1300), "READY=1\nSTATUS=2 of 2 workers are ready|");
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 1400), "");
}
END_TEST

START_TEST(a_database_that_is_away_delays_it_for_two_seconds_only) {
    set_workers(CHILD_STARTING, 1001);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 999 + ANNOUNCER_READY_ANYWAY_MS), "");
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 1000 + ANNOUNCER_READY_ANYWAY_MS),
                     "READY=1\nSTATUS=0 of 2 workers are ready|");
    set_workers(CHILD_READY, 1001);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 4000), "STATUS=2 of 2 workers are ready|");
}
END_TEST

START_TEST(workers_that_have_shown_no_heartbeat_are_never_ready_anyway) {
    set_workers(CHILD_STARTING, 1000);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 5000), "");
}
END_TEST

START_TEST(a_reload_is_told_with_its_time_and_its_end) {
    become_ready();
    long long time_us = 0;
    ck_assert_int_eq(sscanf(told(LIFECYCLE_RELOADING, 1500),
                            "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reloading|", &time_us),
                     1);
    ck_assert_int_le(clock_ms() - time_us / 1000, 60000);
    ck_assert_str_eq(told(LIFECYCLE_RELOADING_AGAIN, 1600), "");
    ck_assert_str_eq(told(LIFECYCLE_RELOAD_DUE, 1700), "READY=1\nSTATUS=2 of 2 workers are ready|");
    ck_assert_ptr_nonnull(strstr(told(LIFECYCLE_RELOADING, 1800), "RELOADING=1"));
}
END_TEST

START_TEST(a_stop_is_told_also_of_a_service_that_was_never_ready) {
    ck_assert_str_eq(told(LIFECYCLE_STOPPING, 1100), "STOPPING=1\nSTATUS=finishing open requests|");
    ck_assert_str_eq(told(LIFECYCLE_STOPPING, 1200), "");
}
END_TEST

START_TEST(the_watchdog_hears_only_of_workers_that_beat) {
    become_ready();
    set_workers(CHILD_READY, 11500);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 12000), "WATCHDOG=1|");
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 21000), ""); /* not yet again */
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 23000), ""); /* no worker has beaten for long */
    set_worker(1, CHILD_READY, 22900);
    ck_assert_str_eq(told(LIFECYCLE_SERVING, 23100), "WATCHDOG=1|");
}
END_TEST

START_TEST(a_message_that_the_manager_has_no_room_for_follows_later) {
    become_ready();
    for (int i = 0; i < MANY_MESSAGES; i++) {
        manager_tell_if_room(&announcer.manager, "X=1");
    }
    announcer_update(&announcer, service, LIFECYCLE_STOPPING, 1100);
    while (recv(manager, received, sizeof received, 0) > 0) {
    }
    manager_tell_if_room(&announcer.manager, "Y=1");
    ck_assert_str_eq(messages(), "STOPPING=1\nSTATUS=finishing open requests|Y=1|");
}
END_TEST

START_TEST(where_nobody_asks_nothing_is_done) {
    struct announcer alone;
    announcer_init(&alone, &quiet);
    ck_assert(!manager_asks(&alone.manager));
    announcer_update(&alone, service, LIFECYCLE_STOPPING, 1);
    announcer_free(&alone);
    setenv("NOTIFY_SOCKET", "vsock:1:2", 1);
    announcer_init(&alone, &quiet);
    ck_assert(!manager_asks(&alone.manager));
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_str_eq(messages(), "");
}
END_TEST

START_TEST(a_watchdog_of_another_process_is_not_fed) {
    struct announcer other;
    setenv("NOTIFY_SOCKET", scratch_path("manager"), 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    announcer_init(&other, &quiet);
    ck_assert(manager_asks(&other.manager));
    ck_assert_int_eq(other.manager.watchdog_ms, 0);
    announcer_free(&other);
}
END_TEST

Suite *announcer_suite(void) {
    Suite *suite = suite_create("announcer");
    TCase *cases = tcase_create("announcer");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, make, release);
    tcase_add_test(cases, it_is_ready_when_all_workers_are);
    tcase_add_test(cases, a_database_that_is_away_delays_it_for_two_seconds_only);
    tcase_add_test(cases, workers_that_have_shown_no_heartbeat_are_never_ready_anyway);
    tcase_add_test(cases, a_reload_is_told_with_its_time_and_its_end);
    tcase_add_test(cases, a_stop_is_told_also_of_a_service_that_was_never_ready);
    tcase_add_test(cases, the_watchdog_hears_only_of_workers_that_beat);
    tcase_add_test(cases, a_message_that_the_manager_has_no_room_for_follows_later);
    tcase_add_test(cases, where_nobody_asks_nothing_is_done);
    tcase_add_test(cases, a_watchdog_of_another_process_is_not_fed);
    suite_add_tcase(suite, cases);
    return suite;
}

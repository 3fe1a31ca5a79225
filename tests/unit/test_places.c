/* The places for child processes: that of the admin process. */
#include "process/places.h"

#include "ops/clock.h"
#include "scratch.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct logger quiet = {.level = LOG_LEVEL_ERROR + 1, .worker = -1};
static struct event_base *base;
static struct places *places;
static char error[256];
static unsigned restarts; /* that were due */

static void on_restart(void *owner, unsigned index) {
    (void)owner;
    (void)index;
    restarts++;
}

static void make_places(void) {
    base = event_base_new();
    places = calloc(1, sizeof *places);
    ck_assert_ptr_nonnull(places);
    places_init(places, base, on_restart, NULL);
    *error = '\0';
    restarts = 0;
}

static void free_places(void) {
    places_free(places);
    free(places);
    event_base_free(base);
}

/* "unix:" and the path of a file in the scratch folder. */
static const char *address_of(const char *name) {
    static char address[256];
    snprintf(address, sizeof address, "unix:%s", scratch_path(name));
    return address;
}

START_TEST(a_list_of_addresses_or_off_is_taken) {
    static const char *const right[] = {
        "off",
        "unix:/run/admin.sock",
        "127.0.0.1:8081",
        "[::1]:8081",
        "unix:/a/b.sock 127.0.0.1:1, 0.0.0.0:65535\t[::]:9",
        " unix:x ",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        ck_assert_msg(places_check_admin(right[i], error, sizeof error), "%s: %s", right[i], error);
    }
}
END_TEST

START_TEST(other_lists_are_refused_with_what_is_wrong) {
    static const struct {
        const char *list, *word;
    } wrong[] = {
        {"on", "'on'"},
        {"unix:", "'unix:'"},
        {"8081", "'8081'"},
        {"localhost:8081", "'localhost:8081'"},
        {"127.0.0.1:0", "'127.0.0.1:0'"},
        {"unix:/a 127.0.0.1:x", "'127.0.0.1:x'"},
        {"unix:/a off", "'off'"},
        {"127.0.0.1:1 127.0.0.1:2 127.0.0.1:3 127.0.0.1:4 127.0.0.1:5", "4 addresses, not 5"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!places_check_admin(wrong[i].list, error, sizeof error), "%s", wrong[i].list);
        ck_assert_msg(strstr(error, "QA_ADMIN_LISTEN") && strstr(error, wrong[i].word), "%s: %s",
                      wrong[i].list, error);
    }
}
END_TEST

START_TEST(the_unix_socket_is_for_this_user_alone) {
    ck_assert(places_open_admin(places, address_of("deep/admin.sock"), false, &quiet, error,
                                sizeof error));
    ck_assert(place_is_open(places, PLACE_OF_ADMIN));
    struct stat status;
    ck_assert_int_eq(stat(scratch_path("deep/admin.sock"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    places_close(places, 0);
    ck_assert(place_is_open(places, PLACE_OF_ADMIN));
}
END_TEST

START_TEST(an_address_that_is_taken_is_an_error_only_where_somebody_has_set_it) {
    ck_assert(
        places_open_admin(places, address_of("taken.sock"), false, &quiet, error, sizeof error));
    struct places *others = calloc(1, sizeof *others);
    ck_assert_ptr_nonnull(others);
    places_init(others, base, NULL, NULL);
    ck_assert(
        !places_open_admin(others, address_of("taken.sock"), false, &quiet, error, sizeof error));
    ck_assert_msg(strstr(error, "QA_ADMIN_LISTEN") && strstr(error, "another process"), "%s",
                  error);
    char list[512];
    int length = snprintf(list, sizeof list, "%s unix:", address_of("taken.sock"));
    snprintf(list + length, sizeof list - (size_t)length, "%s", scratch_path("free.sock"));
    ck_assert(places_open_admin(others, list, true, &quiet, error, sizeof error));
    ck_assert_uint_eq(others->all[PLACE_OF_ADMIN].socket_count, 1);
    places_free(others);
    free(others);
}
END_TEST

/* Lets pass what the first back-off takes, and much more. */
static void wait_for_restarts(void) {
    const struct timeval long_enough = clock_duration(300);
    event_base_loopexit(base, &long_enough);
    event_base_dispatch(base);
}

static void open_two(void) {
    ck_assert_msg(places_open(places, address_of("worker"), 2, error, sizeof error), "%s", error);
}

START_TEST(a_process_is_started_again_after_a_back_off_unless_another_one_was) {
    open_two();
    place_restart_later(places, 0);
    place_restart_later(places, 1);
    place_forget_restart(places, 0);
    wait_for_restarts();
    ck_assert_uint_eq(restarts, 1);
    place_restart_later(places, 0);
    place_restart_later(places, 1);
    places_forget_restarts(places);
    wait_for_restarts();
    ck_assert_uint_eq(restarts, 1);
}
END_TEST

START_TEST(nothing_is_started_again_in_a_place_that_was_closed_meanwhile) {
    open_two();
    place_restart_later(places, 1);
    places_close(places, 1);
    open_two(); /* as a reload with more workers does it, which starts one there */
    wait_for_restarts();
    ck_assert_uint_eq(restarts, 0);
}
END_TEST

START_TEST(off_opens_nothing) {
    ck_assert(places_open_admin(places, "off", false, &quiet, error, sizeof error));
    ck_assert(!place_is_open(places, PLACE_OF_ADMIN));
}
END_TEST

Suite *places_suite(void) {
    Suite *suite = suite_create("places");
    TCase *cases = tcase_create("places");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, make_places, free_places);
    tcase_add_test(cases, a_list_of_addresses_or_off_is_taken);
    tcase_add_test(cases, other_lists_are_refused_with_what_is_wrong);
    tcase_add_test(cases, the_unix_socket_is_for_this_user_alone);
    tcase_add_test(cases, an_address_that_is_taken_is_an_error_only_where_somebody_has_set_it);
    tcase_add_test(cases, off_opens_nothing);
    tcase_add_test(cases, a_process_is_started_again_after_a_back_off_unless_another_one_was);
    tcase_add_test(cases, nothing_is_started_again_in_a_place_that_was_closed_meanwhile);
    suite_add_tcase(suite, cases);
    return suite;
}

/* The run of the database server whose data all pages of this host show. */
#include "pages/known_server.h"
#include "suites.h"

#include <stdatomic.h>
#include <unistd.h>

static struct shared_memory memory;
static int descriptor;

static void begin(void) {
    descriptor = shared_memory_create(0);
    ck_assert(shared_memory_map(&memory, descriptor, SHARED_MEMORY_WRITE));
}

static void end(void) {
    shared_memory_unmap(&memory);
    close(descriptor);
}

static uint64_t run(uint64_t cluster, uint64_t timeline, uint64_t started_us) {
    return known_server_number(&(struct server_run){cluster, timeline, started_us});
}

static uint64_t epoch(void) {
    return versions_note(shared_memory_versions(&memory), 0).epoch;
}

static enum known_server take(uint64_t number) {
    return known_server_take(&memory, number, 1000);
}

START_TEST(the_first_server_invalidates_nothing) {
    ck_assert_int_eq(take(run(7, 1, 100)), KNOWN_SERVER_SAME);
    ck_assert_int_eq(take(run(7, 1, 100)), KNOWN_SERVER_SAME);
    ck_assert(known_server_is(&memory, run(7, 1, 100)));
    ck_assert_uint_eq(epoch(), 0);
}
END_TEST

START_TEST(another_server_invalidates_everything_once) {
    static const struct {
        struct server_run run;
        enum known_server what;
    } others[] = {
        {{7, 1, 200}, KNOWN_SERVER_ANEW},
        {{7, 2, 50}, KNOWN_SERVER_ANOTHER}, /* a standby that was promoted */
        {{8, 1, 300}, KNOWN_SERVER_ANOTHER},
        {{7, 1, 100}, KNOWN_SERVER_ANOTHER}, /* and back */
    };
    take(run(7, 1, 100));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        uint64_t number = known_server_number(&others[i].run);
        ck_assert_int_eq(take(number), others[i].what);
        ck_assert_uint_eq(epoch(), i + 1);
        ck_assert_int_eq(take(number), KNOWN_SERVER_SAME);
        ck_assert_uint_eq(epoch(), i + 1);
        ck_assert(known_server_is(&memory, number));
        ck_assert(!known_server_is(&memory, run(7, 1, 99)));
    }
}
END_TEST

START_TEST(an_older_timeline_of_the_same_cluster_is_refused) {
    take(run(7, 3, 100));
    ck_assert_int_eq(take(run(7, 2, 200)), KNOWN_SERVER_OLDER);
    ck_assert_uint_eq(epoch(), 0);
    ck_assert(known_server_is(&memory, run(7, 3, 100)));
    ck_assert_int_eq(take(run(8, 2, 200)), KNOWN_SERVER_ANOTHER);
}
END_TEST

START_TEST(what_somebody_did_not_finish_is_finished_before_the_server_is_used) {
    _Atomic uint64_t *server = shared_memory_server(&memory);
    uint64_t next = run(7, 2, 200), pending = UINT64_C(1) << 63;
    take(run(7, 1, 100));
    atomic_store(server, next | pending); /* who has seen it died before it invalidated */
    ck_assert(known_server_is(&memory, next));
    ck_assert_int_eq(take(run(7, 1, 100)), KNOWN_SERVER_OLDER);
    ck_assert_int_eq(take(next), KNOWN_SERVER_SAME);
    ck_assert_uint_eq(epoch(), 1);
    ck_assert_uint_eq(atomic_load(server), next);
}
END_TEST

Suite *known_server_suite(void) {
    Suite *suite = suite_create("known_server");
    TCase *cases = tcase_create("known_server");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, the_first_server_invalidates_nothing);
    tcase_add_test(cases, another_server_invalidates_everything_once);
    tcase_add_test(cases, an_older_timeline_of_the_same_cluster_is_refused);
    tcase_add_test(cases, what_somebody_did_not_finish_is_finished_before_the_server_is_used);
    suite_add_tcase(suite, cases);
    return suite;
}

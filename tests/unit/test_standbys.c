/* A pool beside which a standby serves reads, on a fake libpq. */
#include "fake_pool.h"
#include "suites.h"

#include <string.h>

static const char primary[] = "10.0.0.1", standby[] = "10.0.0.2";

static void open_pool(void) {
    struct pool_settings settings = fake_pool_settings();
    settings.database_url = "host=10.0.0.1 dbname=fake";
    settings.read_database_url = "host=10.0.0.2 dbname=fake";
    fake_pool_open(&settings);
}

/* The session with this host; NULL: there is none. */
static PGconn *session_with(const char *host) {
    for (size_t i = 0; i < fake_sessions_opened(); i++) {
        if (fake_session(i) && strcmp(fake_tried(i)->host, host) == 0) {
            return fake_session(i);
        }
    }
    return NULL;
}

static void write_one(size_t number) {
    struct call call = noted_call(number, STATEMENT_NEXT_PAGE);
    call_add_int64(&call, 7);
    pool_submit(pool, LANE_WRITES, &call);
}

START_TEST(a_standby_is_connected_to_when_the_primary_is_there_and_not_before) {
    fake_refusing_host = primary;
    open_pool();
    ck_assert_ptr_null(session_with(standby));
    fake_refusing_host = NULL;
    while (!standbys_are_ready(pool_standbys(pool))) {
        wait_ms(5);
    }
    ck_assert_ptr_nonnull(session_with(primary));
    fake_pool_close(0);
}
END_TEST

START_TEST(standbys_serve_after_a_pause_that_no_session_with_the_primary_has_noticed) {
    open_pool();
    read_page(0, LANE_READS, STATEMENT_LIST_QUESTIONS, 1);
    write_one(1);
    turn();
    pool_pause(pool);
    ck_assert_ptr_null(session_with(standby));
    ck_assert_uint_eq(pool_load(pool).sessions, 2); /* both with the primary are in use */
    pool_resume(pool);
    turn();
    ck_assert(standbys_are_ready(pool_standbys(pool)));
    fake_pool_close(2);
}
END_TEST

START_TEST(no_standby_is_connected_to_after_a_pause_before_the_primary_is_there) {
    open_pool();
    pool_pause(pool);
    fake_refusing_host = primary;
    pool_resume(pool);
    turn();
    ck_assert_ptr_null(session_with(standby));
    fake_refusing_host = NULL;
    fake_pool_close(0);
}
END_TEST

START_TEST(a_read_whose_position_fails_is_told_why_and_the_session_stays) {
    static const struct {
        const char *sqlstate;
        enum query_outcome outcome;
    } cases[] = {{"57014", QUERY_EXPIRED}, {"40001", QUERY_CONFLICT}, {"XX000", QUERY_FAILED}};
    open_pool();
    PGconn *session = session_with(standby);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct call call = noted_call(i, STATEMENT_STANDBY_QUESTIONS);
        call_add_int64(&call, 1);
        standbys_submit(pool_standbys(pool), false, &call);
        turn();
        ck_assert_ptr_eq(running(0), session);
        fake_fail_first(session, cases[i].sqlstate);
        turn();
        assert_told(i, cases[i].outcome);
        ck_assert_int_eq(told[i].sends, 1);
        ck_assert_ptr_eq(session_with(standby), session);
    }
    fake_pool_close(sizeof cases / sizeof *cases);
}
END_TEST

Suite *standbys_suite(void) {
    Suite *suite = suite_create("standbys");
    TCase *cases = tcase_create("standbys");
    tcase_add_test(cases, a_standby_is_connected_to_when_the_primary_is_there_and_not_before);
    tcase_add_test(cases,
                   standbys_serve_after_a_pause_that_no_session_with_the_primary_has_noticed);
    tcase_add_test(cases, a_read_whose_position_fails_is_told_why_and_the_session_stays);
    tcase_add_test(cases, no_standby_is_connected_to_after_a_pause_before_the_primary_is_there);
    suite_add_tcase(suite, cases);
    return suite;
}

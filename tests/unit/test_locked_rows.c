/* Rows that somebody else holds a lock on. */
#include "db/locked_rows.h"
#include "suites.h"

static bool has(struct locked_rows *set, enum statement statement, int64_t id, int64_t now_ms) {
    return locked_rows_noted_ms(set, statement, id, now_ms) >= 0;
}

static const enum statement votes = STATEMENT_VOTE_ANSWERS, reports = STATEMENT_REPORT_ANSWERS;

START_TEST(a_row_is_known_to_the_statement_that_met_its_lock) {
    struct locked_rows set = {.count = 0};
    locked_rows_note(&set, votes, 5, 1000);
    ck_assert(has(&set, votes, 5, 1000));
    ck_assert(!has(&set, votes, 6, 1000));
    ck_assert(!has(&set, reports, 5, 1000));
}
END_TEST

START_TEST(a_row_is_forgotten_when_it_is_free) {
    struct locked_rows set = {.count = 0};
    locked_rows_note(&set, votes, 5, 0);
    locked_rows_note(&set, votes, 6, 0);
    locked_rows_note(&set, reports, 5, 0);
    locked_rows_forget(&set, votes, 5);
    locked_rows_forget(&set, votes, 7);
    ck_assert(!has(&set, votes, 5, 0));
    ck_assert(has(&set, votes, 6, 0));
    ck_assert(has(&set, reports, 5, 0));
}
END_TEST

START_TEST(a_row_is_forgotten_some_time_after_it_was_noted_last) {
    struct locked_rows set = {.count = 0};
    locked_rows_note(&set, votes, 5, 0);
    locked_rows_note(&set, votes, 6, 0);
    locked_rows_note(&set, votes, 5, 700);
    ck_assert_int_eq(locked_rows_noted_ms(&set, votes, 5, 800), 700);
    ck_assert(has(&set, votes, 6, LOCKED_ROW_KEPT_MS - 1));
    ck_assert(!has(&set, votes, 6, LOCKED_ROW_KEPT_MS));
    ck_assert(has(&set, votes, 5, LOCKED_ROW_KEPT_MS + 699));
    ck_assert(!has(&set, votes, 5, LOCKED_ROW_KEPT_MS + 700));
    ck_assert_uint_eq(set.count, 0);
}
END_TEST

START_TEST(a_full_set_forgets_the_row_that_was_noted_first) {
    struct locked_rows set = {.count = 0};
    for (int64_t id = 1; id <= LOCKED_ROWS_MAX; id++) {
        locked_rows_note(&set, votes, id, id);
    }
    locked_rows_note(&set, votes, 1, LOCKED_ROWS_MAX + 1); /* is there already */
    locked_rows_note(&set, votes, 1000, LOCKED_ROWS_MAX + 2);
    ck_assert_uint_eq(set.count, LOCKED_ROWS_MAX);
    for (int64_t id = 1; id <= LOCKED_ROWS_MAX; id++) {
        ck_assert_int_eq(has(&set, votes, id, LOCKED_ROWS_MAX + 2), id != 2);
    }
    ck_assert(has(&set, votes, 1000, LOCKED_ROWS_MAX + 2));
}
END_TEST

Suite *locked_rows_suite(void) {
    Suite *suite = suite_create("locked_rows");
    TCase *cases = tcase_create("locked_rows");
    tcase_add_test(cases, a_row_is_known_to_the_statement_that_met_its_lock);
    tcase_add_test(cases, a_row_is_forgotten_when_it_is_free);
    tcase_add_test(cases, a_row_is_forgotten_some_time_after_it_was_noted_last);
    tcase_add_test(cases, a_full_set_forgets_the_row_that_was_noted_first);
    suite_add_tcase(suite, cases);
    return suite;
}

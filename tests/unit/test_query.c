/* What became of a query. What SQLSTATEs mean needs a server and is tested end to end. */
#include "db/query.h"
#include "suites.h"

START_TEST(an_error_without_a_sqlstate_is_a_failure) {
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
    ck_assert_int_eq(query_outcome_of(result), QUERY_FAILED);
    ck_assert(!query_has_succeeded(result));
    ck_assert(!query_is_outdated(result));
    PQclear(result);
}
END_TEST

Suite *query_suite(void) {
    Suite *suite = suite_create("query");
    TCase *cases = tcase_create("query");
    tcase_add_test(cases, an_error_without_a_sqlstate_is_a_failure);
    suite_add_tcase(suite, cases);
    return suite;
}

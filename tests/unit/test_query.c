/* Queries on their way. What SQLSTATEs mean needs a server and is tested end to end. */
#include "db/query.h"
#include "suites.h"

#include <string.h>

START_TEST(parameters_are_copied) {
    char first[] = "1", last[] = "five";
    const char *const given[QUERY_PARAMETERS_MAX] = {first, "", "drei", "4", last};
    struct query *query = query_new(STATEMENT_LIST_ANSWERS, QUERY_PARAMETERS_MAX, given);
    memset(first, 'x', strlen(first));
    memset(last, 'x', strlen(last));

    static const char *const expected[QUERY_PARAMETERS_MAX] = {"1", "", "drei", "4", "five"};
    ck_assert_int_eq(query->statement, STATEMENT_LIST_ANSWERS);
    ck_assert_int_eq(query->parameter_count, QUERY_PARAMETERS_MAX);
    for (size_t i = 0; i < QUERY_PARAMETERS_MAX; i++) {
        ck_assert_str_eq(query->parameters[i], expected[i]);
    }
    query_free(query);
}
END_TEST

struct answer {
    int count;
    enum query_outcome outcome;
    PGresult *result;
};

static void on_done(void *owner, enum query_outcome outcome, PGresult *result) {
    struct answer *answer = owner;
    *answer = (struct answer){answer->count + 1, outcome, result};
}

START_TEST(a_query_is_answered_once) {
    struct answer answer = {.count = 0};
    struct query *query = query_new(STATEMENT_LIST_ANSWERS, 0, NULL);
    query->on_done = on_done;
    query->owner = &answer;

    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    query_answer(query, QUERY_DONE, result);
    ck_assert_int_eq(answer.count, 1);
    ck_assert_int_eq(answer.outcome, QUERY_DONE);
    ck_assert_ptr_eq(answer.result, result);
    PQclear(result);

    /* The second result is nobody's: LeakSanitizer sees to it that it is released. */
    query_answer(query, QUERY_DONE, PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK));
    query_answer(query, QUERY_EXPIRED, NULL);
    ck_assert_int_eq(answer.count, 1);
    query_free(query);
}
END_TEST

START_TEST(an_error_without_a_sqlstate_is_a_failure) {
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
    ck_assert_int_eq(query_outcome_of_error(result), QUERY_FAILED);
    PQclear(result);
}
END_TEST

Suite *query_suite(void) {
    Suite *suite = suite_create("query");
    TCase *cases = tcase_create("query");
    tcase_add_test(cases, parameters_are_copied);
    tcase_add_test(cases, a_query_is_answered_once);
    tcase_add_test(cases, an_error_without_a_sqlstate_is_a_failure);
    suite_add_tcase(suite, cases);
    return suite;
}

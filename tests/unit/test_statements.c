/* The embedded SQL. */
#include "db/call.h"
#include "db/embedded_sql.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME(statement) [STATEMENT_##statement] = #statement

START_TEST(each_statement_has_the_query_of_its_name) {
    static const char *const names[STATEMENT_COUNT] = {
        NAME(ADD_ANSWERS),
        NAME(ADD_ANSWERS_ONCE),
        NAME(ADD_QUESTIONS),
        NAME(ADD_QUESTIONS_ONCE),
        NAME(CHANGES_SINCE),
        NAME(COUNT_ANSWERS),
        NAME(COUNT_FOUND_ANSWERS),
        NAME(COUNT_FOUND_QUESTIONS),
        NAME(COUNT_PRODUCTS),
        NAME(COUNT_QUESTIONS),
        NAME(FORGET_CHANGES),
        NAME(FORGET_KEYED_WRITES),
        NAME(LIST_ANSWERS),
        NAME(LIST_ANSWERS_MANY),
        NAME(LIST_QUESTIONS),
        NAME(LIST_QUESTIONS_MANY),
        NAME(MAKE_PAGES),
        NAME(NEXT_PAGE),
        NAME(NOTE_RUN),
        NAME(REPORT_ANSWERS),
        NAME(REPORT_ANSWERS_ONCE),
        NAME(REPORT_QUESTIONS),
        NAME(REPORT_QUESTIONS_ONCE),
        NAME(SEARCH_ANSWERS),
        NAME(SEARCH_QUESTIONS),
        NAME(SHOW_DOCUMENT),
        NAME(SHOW_QUESTION),
        NAME(SORT_ANSWERS),
        NAME(SORT_QUESTIONS),
        NAME(STANDBY_POSITION),
        NAME(STANDBY_QUESTIONS),
        NAME(STANDBY_QUESTIONS_MANY),
        NAME(UNLOCKED_ANSWERS),
        NAME(UNLOCKED_PARENTS),
        NAME(UNLOCKED_QUESTIONS),
        NAME(UNVOTE_ANSWERS),
        NAME(UNVOTE_QUESTIONS),
        NAME(VOTE_ANSWER),
        NAME(VOTE_ANSWERS),
        NAME(VOTE_ANSWERS_ONCE),
        NAME(VOTE_QUESTION),
        NAME(VOTE_QUESTIONS),
        NAME(VOTE_QUESTIONS_ONCE),
        NAME(WANT_CHANGES),
    };
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        const char *name = embedded_queries[i].name;
        ck_assert_msg(name && names[i] && strcasecmp(name, names[i]) == 0,
                      "statement %zu is %s, its query %s", i,
                      names[i] ? names[i] : "not named here", name ? name : "missing");
    }
    ck_assert_ptr_null(embedded_queries[STATEMENT_COUNT].name);
}
END_TEST

/* Where the first character of `sql` from `set` is that stands in no `--` comment; NULL if none. */
static const char *find_outside_comments(const char *sql, const char *set) {
    while (*sql && !strchr(set, *sql)) {
        sql += strncmp(sql, "--", 2) == 0 ? strcspn(sql, "\n") : 1;
    }
    return *sql ? sql : NULL;
}

START_TEST(a_query_is_one_statement) {
    for (const struct embedded_sql *query = embedded_queries; query->name; query++) {
        ck_assert_msg(!find_outside_comments(query->text, ";"), "%s has a semicolon", query->name);
        ck_assert_msg(find_outside_comments(query->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                      "%s is empty", query->name);
    }
}
END_TEST

START_TEST(a_query_has_no_more_parameters_than_can_be_sent) {
    for (const struct embedded_sql *query = embedded_queries; query->name; query++) {
        for (const char *at = query->text; (at = strchr(at, '$')); at++) {
            long number = strtol(at + 1, NULL, 10);
            ck_assert_msg(number >= 1 && number <= CALL_PARAMETERS_MAX, "%s has $%ld", query->name,
                          number);
        }
    }
}
END_TEST

START_TEST(migrations_are_in_order_and_none_is_empty) {
    ck_assert_ptr_nonnull(embedded_migrations[0].name);
    const char *previous = "";
    for (const struct embedded_sql *step = embedded_migrations; step->name; step++) {
        ck_assert_str_gt(step->name, previous);
        ck_assert_msg(find_outside_comments(step->text, ";"), "%s has no statement", step->name);
        previous = step->name;
    }
}
END_TEST

Suite *statements_suite(void) {
    Suite *suite = suite_create("statements");
    TCase *cases = tcase_create("statements");
    tcase_add_test(cases, each_statement_has_the_query_of_its_name);
    tcase_add_test(cases, a_query_is_one_statement);
    tcase_add_test(cases, a_query_has_no_more_parameters_than_can_be_sent);
    tcase_add_test(cases, migrations_are_in_order_and_none_is_empty);
    suite_add_tcase(suite, cases);
    return suite;
}

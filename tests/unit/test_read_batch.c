/* Reads that are sent together: what goes into a batch, and what comes out of it. */
#include "db/read_batch.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct query_line waiting;

static void setup(void) {
    TAILQ_INIT(&waiting);
}

static void teardown(void) {
    struct query *query;
    while ((query = TAILQ_FIRST(&waiting))) {
        TAILQ_REMOVE(&waiting, query, line);
        query_free(query);
    }
}

/* A read of page 1 with five elements, which waits. */
static struct query *add(enum statement statement, const char *id) {
    const char *const parameters[] = {id, "5", "0", "100"};
    struct query *query = query_new(statement, 4, parameters);
    TAILQ_INSERT_TAIL(&waiting, query, line);
    return query;
}

static int length(const struct query_line *line) {
    int count = 0;
    const struct query *query;
    TAILQ_FOREACH(query, line, line) {
        count++;
    }
    return count;
}

START_TEST(a_lone_read_is_sent_as_it_is) {
    struct query *query = add(STATEMENT_LIST_QUESTIONS, "7");
    add(STATEMENT_LIST_ANSWERS, "8");
    ck_assert_ptr_eq(read_batch_take(&waiting), query);
    ck_assert(!read_batch_is(query));
    ck_assert_int_eq(length(&waiting), 1);
    query_free(query);
}
END_TEST

START_TEST(reads_of_one_statement_become_arrays) {
    struct query *first = add(STATEMENT_LIST_QUESTIONS, "7");
    struct query *other = add(STATEMENT_LIST_ANSWERS, "8");
    struct query *second = add(STATEMENT_LIST_QUESTIONS, "2147483647");
    struct query *batch = read_batch_take(&waiting);
    ck_assert(read_batch_is(batch));
    ck_assert_int_eq(batch->statement, STATEMENT_LIST_QUESTIONS_MANY);
    static const char *const expected[] = {"{7,2147483647}", "{5,5}", "{0,0}", "{100,100}"};
    ck_assert_int_eq(batch->parameter_count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_str_eq(batch->parameters[i], expected[i]);
    }
    ck_assert_ptr_eq(first->batch, batch);
    ck_assert_ptr_eq(second->batch, batch);
    ck_assert_ptr_eq(TAILQ_FIRST(&waiting), other);
    ck_assert_int_eq(length(&waiting), 1);
    query_free(batch);
}
END_TEST

START_TEST(a_read_that_is_to_be_sent_alone_has_no_company) {
    struct query *alone = add(STATEMENT_LIST_ANSWERS, "1");
    struct query *first = add(STATEMENT_LIST_ANSWERS, "2");
    add(STATEMENT_LIST_ANSWERS, "3")->alone = true;
    struct query *second = add(STATEMENT_LIST_ANSWERS, "4");
    alone->alone = true;
    ck_assert_ptr_eq(read_batch_take(&waiting), alone);
    query_free(alone);
    struct query *batch = read_batch_take(&waiting);
    ck_assert_str_eq(batch->parameters[0], "{2,4}");
    ck_assert_ptr_eq(TAILQ_FIRST(&batch->members), first);
    ck_assert_ptr_eq(TAILQ_NEXT(first, line), second);
    query_free(batch);
}
END_TEST

START_TEST(a_statement_without_a_form_for_many_has_no_company) {
    struct query *first = add(STATEMENT_VOTE_ANSWERS, "1");
    add(STATEMENT_VOTE_ANSWERS, "2");
    ck_assert_ptr_eq(read_batch_take(&waiting), first);
    query_free(first);
}
END_TEST

START_TEST(a_batch_is_bounded) {
    for (int i = 0; i < 40; i++) {
        add(STATEMENT_LIST_QUESTIONS, "1");
    }
    int left = 40;
    while (left > 0) {
        struct query *batch = read_batch_take(&waiting);
        int members = length(&batch->members);
        ck_assert_int_eq(members, left < 16 ? left : 16);
        left -= members;
        ck_assert_int_eq(length(&waiting), left);
        query_free(batch);
    }
}
END_TEST

START_TEST(a_dissolved_batch_leaves_its_members_in_their_order) {
    struct query *first = add(STATEMENT_LIST_QUESTIONS, "1");
    struct query *second = add(STATEMENT_LIST_QUESTIONS, "2");
    struct query *batch = read_batch_take(&waiting);
    struct query *earlier = add(STATEMENT_LIST_QUESTIONS, "3");
    batch->sent = 1;
    read_batch_dissolve(batch, &waiting);
    ck_assert_ptr_eq(TAILQ_FIRST(&waiting), earlier);
    ck_assert_ptr_eq(TAILQ_NEXT(earlier, line), first);
    ck_assert_ptr_eq(TAILQ_NEXT(first, line), second);
    ck_assert_ptr_null(first->batch);
    ck_assert_int_eq(second->sent, 1);

    TAILQ_REMOVE(&waiting, earlier, line);
    read_batch_dissolve(earlier, &waiting);
    ck_assert_ptr_eq(TAILQ_LAST(&waiting, query_line), earlier);
    ck_assert_int_eq(earlier->sent, 0);
}
END_TEST

/* What PostgreSQL returned for some pages, with their positions. */
static PGresult *rows(const char *const *pages, const char *const *positions, int count) {
    static char page[] = "page", position[] = "position";
    PGresAttDesc columns[] = {{.name = page}, {.name = position}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    ck_assert_int_eq(PQsetResultAttrs(result, 2, columns), 1);
    for (int row = 0; row < count; row++) {
        const char *const values[] = {pages[row], positions[row]};
        for (int column = 0; column < 2; column++) {
            char value[16];
            int size = snprintf(value, sizeof value, "%s", values[column]);
            ck_assert_int_eq(PQsetvalue(result, row, column, value, size), 1);
        }
    }
    return result;
}

START_TEST(each_member_gets_the_row_of_its_place) {
    static const char *const pages[] = {"{\"b\":2}", "{\"a\":1}"}, *const positions[] = {"2", "1"};
    PGresult *result = rows(pages, positions, 2);
    for (int place = 1; place <= 2; place++) {
        PGresult *own = read_batch_result(result, place);
        ck_assert_int_eq(PQresultStatus(own), PGRES_TUPLES_OK);
        ck_assert_int_eq(PQntuples(own), 1);
        ck_assert_str_eq(PQgetvalue(own, 0, 0), pages[2 - place]);
        ck_assert_int_eq(PQgetlength(own, 0, 0), 7);
        PQclear(own);
    }
    ck_assert_ptr_null(read_batch_result(result, 3));
    PQclear(result);
}
END_TEST

Suite *read_batch_suite(void) {
    Suite *suite = suite_create("read_batch");
    TCase *cases = tcase_create("read_batch");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_lone_read_is_sent_as_it_is);
    tcase_add_test(cases, reads_of_one_statement_become_arrays);
    tcase_add_test(cases, a_read_that_is_to_be_sent_alone_has_no_company);
    tcase_add_test(cases, a_statement_without_a_form_for_many_has_no_company);
    tcase_add_test(cases, a_batch_is_bounded);
    tcase_add_test(cases, a_dissolved_batch_leaves_its_members_in_their_order);
    tcase_add_test(cases, each_member_gets_the_row_of_its_place);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Reads that are sent together. */
#include "db/read_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 16 /* beyond it each costs little less, and the first waits for all */ };

/* The statement that does for many what a statement does for one; STATEMENT_COUNT: there is none.
 */
static enum statement for_many(enum statement statement) {
    switch (statement) {
    case STATEMENT_LIST_ANSWERS:
        return STATEMENT_LIST_ANSWERS_MANY;
    case STATEMENT_LIST_QUESTIONS:
        return STATEMENT_LIST_QUESTIONS_MANY;
    default:
        return STATEMENT_COUNT;
    }
}

static bool may_join(const struct query *first, const struct query *query) {
    return query == first ||
           (!first->alone && !query->alone && query->statement == first->statement &&
            for_many(first->statement) != STATEMENT_COUNT);
}

/* One parameter of all members as an array: numbers, so nothing needs quotes. To be released with
 * free(); NULL when out of memory. */
static char *array_of(const struct query_line *members, int parameter) {
    size_t size = sizeof "{}";
    const struct query *member;
    TAILQ_FOREACH(member, members, line) {
        size += strlen(member->parameters[parameter]) + 1;
    }
    char *array = malloc(size);
    char *end = array;
    TAILQ_FOREACH(member, members, line) {
        if (end) {
            *end = end == array ? '{' : ',';
            end = stpcpy(end + 1, member->parameters[parameter]);
        }
    }
    if (end) {
        memcpy(end, "}", sizeof "}");
    }
    return array;
}

/* The query for some that run the same statement. NULL when out of memory. */
static struct query *query_for(const struct query_line *members) {
    const struct query *first = TAILQ_FIRST(members);
    char *arrays[QUERY_PARAMETERS_MAX] = {NULL};
    const char *parameters[QUERY_PARAMETERS_MAX];
    struct query *batch = NULL;
    int count = 0;
    while (count < first->parameter_count && (arrays[count] = array_of(members, count))) {
        parameters[count] = arrays[count];
        count++;
    }
    if (count == first->parameter_count) {
        batch = query_new(for_many(first->statement), count, parameters);
    }
    while (count > 0) {
        free(arrays[--count]);
    }
    return batch;
}

struct query *read_batch_take(struct query_line *waiting) {
    struct query *first = TAILQ_FIRST(waiting);
    struct query_line members = TAILQ_HEAD_INITIALIZER(members);
    struct query *next;
    int count = 0;
    for (struct query *query = first; query && count < MEMBERS_MAX; query = next) {
        next = TAILQ_NEXT(query, line);
        if (may_join(first, query)) {
            TAILQ_REMOVE(waiting, query, line);
            TAILQ_INSERT_TAIL(&members, query, line);
            count++;
        }
    }
    struct query *batch = count > 1 ? query_for(&members) : NULL;
    if (batch) {
        struct query *member;
        TAILQ_FOREACH(member, &members, line) {
            member->batch = batch;
        }
        TAILQ_CONCAT(&batch->members, &members, line);
        return batch;
    }
    TAILQ_REMOVE(&members, first, line);
    TAILQ_CONCAT(&members, waiting, line); /* others are left when there is no memory for a batch */
    TAILQ_CONCAT(waiting, &members, line);
    return first;
}

bool read_batch_is(const struct query *query) {
    return !TAILQ_EMPTY(&query->members);
}

void read_batch_dissolve(struct query *query, struct query_line *line) {
    if (!read_batch_is(query)) {
        TAILQ_INSERT_TAIL(line, query, line);
        return;
    }
    struct query *member;
    TAILQ_FOREACH(member, &query->members, line) {
        member->batch = NULL;
        member->sent += query->sent;
    }
    TAILQ_CONCAT(line, &query->members, line);
    query_free(query);
}

PGresult *read_batch_result(const PGresult *result, int place) {
    enum { PAGE, POSITION };
    int row = 0;
    while (row < PQntuples(result) && atoi(PQgetvalue(result, row, POSITION)) != place) {
        row++;
    }
    if (row == PQntuples(result)) {
        return NULL;
    }
    PGresult *own = PQcopyResult(result, PG_COPYRES_ATTRS);
    if (own &&
        !PQsetvalue(own, 0, PAGE, PQgetvalue(result, row, PAGE), PQgetlength(result, row, PAGE))) {
        PQclear(own);
        own = NULL;
    }
    return own;
}

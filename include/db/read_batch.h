/*
 * Reads that wait together are sent together: as one query whose parameters are arrays, which costs
 * PostgreSQL about half of what they cost one by one.
 *
 * Such a query is nobody's own: nobody is told its outcome, and it is in no line of unanswered
 * ones. Each of its members is, as if it had been sent by itself.
 */
#pragma once

#include "db/query.h"

/*
 * Takes the first query out of a line, together with those behind it that run the same statement,
 * up to a limit, unless it is to be sent alone. The query to send: the first one itself when it has
 * no company.
 */
struct query *read_batch_take(struct query_line *waiting);

/* Whether a query is sent for others. */
bool read_batch_is(const struct query *query);

/* Appends those that a query was sent for to a line, in their order, and frees the query; one that
 * was sent for itself is appended. */
void read_batch_dissolve(struct query *query, struct query_line *line);

/* The result of a batch's member, by its place among them, from 1, as if it had been sent by
 * itself. The caller releases it. NULL when out of memory. */
PGresult *read_batch_result(const PGresult *result, int place);

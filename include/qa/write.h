/* A request's write, on its way to the pool and back. */
#pragma once

#include "db/combine_writes.h"
#include "http/response.h"
#include "qa/parameters.h"

#include <jansson.h>
#include <stdbool.h>

enum write_voter { WRITE_OF_ANYBODY, WRITE_OF_VOTER, WRITE_NEEDS_VOTER };

/*
 * How writes of one kind are sent: usually; with a key; and, without one, of a voter. The statement
 * of the latter two takes, after the parameter of the usual one, arrays of keys, of the hashes of
 * the requests (qa/write_key.h) and, unless it is WRITE_OF_ANYBODY, of voters (qa/voter.h). It
 * returns a row for each write: position, product, question, the body of the response, its status,
 * and whether it was recorded before. The usual one returns those of writes that took effect, and
 * may leave the last columns out: without a status it is 204.
 */
struct write_kind {
    enum write_voter voter;
    struct write_form usual;
    struct write_form keyed;
    struct write_form of_voter;
};

/* Keyed writes of a group: each has a lock, of which PostgreSQL has 64 for each session by default
 * (max_locks_per_transaction). */
enum { WRITE_KEYED_CALLS_MAX = 48 };

/* The forms of a kind with a key and of a voter, as initializers: `once` is their statement,
 * `unlocked_rows` what a form calls `unlocked`. And what is in a usual form where there is none. */
#define WRITE_ONCE(once, unlocked_rows)                                                            \
    .keyed = {once, STATEMENT_COUNT, unlocked_rows, WRITE_KEYED_CALLS_MAX},                        \
    .of_voter = {once, STATEMENT_COUNT, unlocked_rows, 0}
#define WRITE_NEVER STATEMENT_COUNT, STATEMENT_COUNT, STATEMENT_COUNT, 0

/* The id in the path. False: it is wrong, and the response is made. */
__attribute__((warn_unused_result)) bool
write_read_id(struct http_request *request, const struct parameter *parameter, int64_t *id);

/* Submits a write; `row` is the id of the row that it locks, or 0, and on_done's owner is the
 * request. */
void write_submit_id(struct http_request *request, const struct write_kind *kind, int64_t row,
                     call_on_done *on_done);

/*
 * The same of a write that has more to say than an id. `rules` are further fields, which follow
 * from the service's settings, or NULL: a request that comes again under other rules is the same
 * one. Both are released.
 */
void write_submit_json(struct http_request *request, const struct write_kind *kind, int64_t row,
                       json_t *json, json_t *rules, call_on_done *on_done);

/* The same of a new question or answer, which may have to wait for a moderator. */
void write_submit_new(struct http_request *request, const struct write_kind *kind, int64_t row,
                      json_t *json, call_on_done *on_done);

/* How the response to a write follows from its outcome. */
struct write_ending {
    const char *location; /* of a new element; else NULL */
    const char *field; /* 404: what the write is for, and that there is none; NULL: there always */
    const char *unknown; /* is */
};

/*
 * Responds for a write. When it is committed, versions that it touched are raised before, and the
 * response is sent after the commit-wait (qa/commit_wait.h).
 */
void write_respond(struct http_request *request, enum query_outcome outcome, const PGresult *result,
                   int row, const struct write_ending *ending);

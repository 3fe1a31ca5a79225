/* Publishes what is in staging. */
#include "import/publish.h"

#include "ops/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PAGES_AT_ONCE = 4096, /* 32 MiB: under a second, so that progress can be shown */
};

/* Between two attempts to get a lock. */
static const struct timespec retry_pause = {.tv_nsec = 100000000};

static const enum import_statement publish_statements[DATASET_FILES] = {
    [QUESTIONS_FILE] = IMPORT_STATEMENT_PUBLISH_QUESTIONS,
    [ANSWERS_FILE] = IMPORT_STATEMENT_PUBLISH_ANSWERS,
    [PHOTOS_FILE] = IMPORT_STATEMENT_PUBLISH_ANSWERS_PHOTOS,
};

/* Runs a query whose result is one value, and copies that. */
static bool query_value(struct session *session, enum import_statement statement,
                        int parameter_count, const char *const *parameters, char *value,
                        size_t size) {
    PGresult *result = session_query(session, session_sql(statement), parameter_count, parameters);
    if (result) {
        snprintf(value, size, "%s", PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return result != NULL;
}

/* The highest id that will be published of a file; known unless the database rejected rows. */
static bool highest_id(const struct staged_file *file, struct session *session, char *id,
                       size_t size) {
    const char *const names[] = {file->layout->table};
    if (file->rejected[ROW_ORPHAN] + file->rejected[ROW_REPEATED] > 0) {
        return query_value(session, IMPORT_STATEMENT_HIGHEST_ID, 1, names, id, size);
    }
    snprintf(id, size, "%" PRId64, file->good.highest_id);
    return true;
}

/* While the sequence is busy, because somebody adds rows in a long transaction, it is tried again
 * with pauses in which others get through. */
static bool move_sequence(const struct staged_file *file, struct session *session) {
    char id[32], moved[8];
    if (!highest_id(file, session, id, sizeof id)) {
        return false;
    }
    const char *const parameters[] = {file->layout->table, id};
    while (
        query_value(session, IMPORT_STATEMENT_MOVE_SEQUENCE, 2, parameters, moved, sizeof moved)) {
        if (strcmp(moved, "t") == 0) {
            return true;
        }
        nanosleep(&retry_pause, NULL);
    }
    return false;
}

static bool move_sequences(const struct staged_file files[DATASET_FILES], struct session *session) {
    session_announce(session, "waiting for the sequences of ids");
    for (int i = 0; i < DATASET_FILES; i++) {
        if (files[i].good.count > 0 && !move_sequence(&files[i], session)) {
            return false;
        }
    }
    return true;
}

/* Adds the staged rows of one table, some pages after the other. */
static bool publish_table(const struct staged_file *file, enum import_statement statement,
                          struct session *session, struct progress *progress, uint64_t rows_before,
                          uint64_t rows_total, uint64_t *imported) {
    const char *const names[] = {file->layout->table};
    char value[32];
    if (!query_value(session, IMPORT_STATEMENT_COUNT_PAGES, 1, names, value, sizeof value)) {
        return false;
    }
    uint64_t pages = strtoull(value, NULL, 10);
    for (uint64_t page = 0; page < pages; page += PAGES_AT_ONCE) {
        char from[32], to[32];
        snprintf(from, sizeof from, "(%" PRIu64 ",0)", page);
        snprintf(to, sizeof to, "(%" PRIu64 ",0)", page + PAGES_AT_ONCE);
        const char *const range[] = {from, to};
        PGresult *result = session_query(session, session_sql(statement), 2, range);
        if (!result) {
            return false;
        }
        *imported += strtoull(PQcmdTuples(result), NULL, 10);
        PQclear(result);
        uint64_t pages_done = page + PAGES_AT_ONCE < pages ? page + PAGES_AT_ONCE : pages;
        uint64_t rows = rows_before + file->good.count * pages_done / pages;
        progress_update(progress, rows, rows, rows_total);
    }
    return true;
}

static bool publish_tables(struct publication *publication,
                           const struct staged_file files[DATASET_FILES], struct session *session) {
    struct progress progress;
    uint64_t total = 0, before = 0;
    bool done = true;
    for (int i = 0; i < DATASET_FILES; i++) {
        total += files[i].good.count;
    }
    session_announce(session, NULL);
    progress_start(&progress, "publishing");
    for (int i = 0; i < DATASET_FILES && done; i++) {
        if (files[i].good.count > 0) {
            done = publish_table(&files[i], publish_statements[i], session, &progress, before,
                                 total, &publication->imported[i]);
            before += files[i].good.count;
        }
    }
    progress_finish(&progress);
    return done;
}

static bool analyze(struct session *session) {
    session_announce(session, "analysing");
    return session_run_statement(session, IMPORT_STATEMENT_ANALYZE);
}

static bool mark(const struct publication *publication, struct session *session) {
    return session_run_statement(session, publication->is_sample ? IMPORT_STATEMENT_MARK_SAMPLE
                                                                 : IMPORT_STATEMENT_UNMARK_SAMPLE);
}

/* From here on a signal to stop comes too late. Only an error of PostgreSQL, after which the
 * session goes on, says that nothing was published. */
static bool commit(struct publication *publication, struct session *session) {
    session_announce(session, NULL);
    session->heeds_stop = false;
    if (session_run(session, "COMMIT")) {
        return true;
    }
    publication->is_unknown =
        !session->is_refused || PQtransactionStatus(session->connection) != PQTRANS_IDLE;
    return false;
}

/* While the tables are in use it is tried again, with pauses in which others get through. */
static bool lock_tables(struct session *session) {
    bool locked = false;
    session_announce(session, "waiting until nobody uses the tables");
    while (session_ask(session, IMPORT_STATEMENT_LOCK_TABLES, 1, &locked) && !locked) {
        nanosleep(&retry_pause, NULL);
    }
    return locked;
}

static uint64_t count_imported(const struct publication *publication) {
    uint64_t count = 0;
    for (int i = 0; i < DATASET_FILES; i++) {
        count += publication->imported[i];
    }
    return count;
}

/* Adds the staged rows to the published tables. */
static bool add(struct publication *publication, const struct staged_file files[DATASET_FILES],
                struct session *session) {
    bool nothing_to_remove = !publication->replaces_sample;
    return move_sequences(files, session) && session_run(session, "BEGIN") &&
           (nothing_to_remove || session_run_statement(session, IMPORT_STATEMENT_EMPTY_TABLES)) &&
           publish_tables(publication, files, session) && mark(publication, session) &&
           (count_imported(publication) == 0 || analyze(session)) && commit(publication, session);
}

/* Exchanges the tables in a transaction that has locked everybody out. */
static bool exchange(struct publication *publication, const struct staged_file files[DATASET_FILES],
                     struct session *session) {
    for (int i = 0; i < DATASET_FILES; i++) {
        publication->imported[i] = files[i].good.count;
    }
    return session_run_statement(session, IMPORT_STATEMENT_EXCHANGE) &&
           mark(publication, session) && commit(publication, session);
}

static void tell_why_added(const char *reason) {
    fprintf(stderr, "import: %s: the rows are added to the tables, which takes longer\n", reason);
}

bool publish(struct publication *publication, const struct staged_file files[DATASET_FILES],
             struct session *session) {
    bool alike = false, empty;
    if (publication->for_exchange && !session_ask(session, IMPORT_STATEMENT_ARE_ALIKE, 1, &alike)) {
        return false;
    }
    if (!alike) {
        if (publication->for_exchange) {
            tell_why_added("the tables were changed, or others depend on them");
        }
        return add(publication, files, session);
    }
    if (!session_run(session, "BEGIN") || !lock_tables(session) ||
        !session_ask(session, IMPORT_STATEMENT_LOOK, 1, &empty)) {
        return false;
    }
    session_announce(session, NULL);
    if (!empty && !publication->replaces_sample) { /* somebody has posted meanwhile */
        tell_why_added("rows were posted meanwhile");
        return session_run(session, "ROLLBACK") && add(publication, files, session);
    }
    session_announce(session, "exchanging the tables");
    return exchange(publication, files, session);
}

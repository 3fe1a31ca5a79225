/* Fills staging in parallel, then checks what only the database can tell. */
#include "import/staging.h"

#include "import/photo_merge.h"
#include "import/rows.h"
#include "ops/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SEND_BYTES = 256 * 1024,
    PROGRESS_MS = 100,
    HOPELESS_ROWS = 1000,
};

_Static_assert(SEND_BYTES > 2 * RECORD_BYTES_MAX, "the buffer holds some records");

static const enum import_statement copy_statements[DATASET_FILES] = {
    [QUESTIONS_FILE] = IMPORT_STATEMENT_COPY_QUESTIONS,
    [ANSWERS_FILE] = IMPORT_STATEMENT_COPY_ANSWERS,
    [PHOTOS_FILE] = IMPORT_STATEMENT_COPY_ANSWERS_PHOTOS,
};

/* What a thread works on. */
struct job {
    struct staged_file *file;
    const struct staged_file *photos; /* whose URLs go with the rows; NULL: none */
    const char *database_url;
    atomic_bool *abandoned; /* set when any thread fails: all give up */
    pthread_t thread;
    enum import_statement copy;
    bool for_exchange;
    bool is_running;
};

uint64_t staging_count_rejected(const struct staged_file *file) {
    uint64_t count = 0;
    for (size_t i = 0; i < REASONS; i++) {
        count += file->rejected[i];
    }
    return count;
}

static void note_row(struct row_facts *facts, const struct import_record *record) {
    int64_t id = record->id, parent_id = record->parent_id;
    if (facts->count == 0) {
        *facts = (struct row_facts){.lowest_id = id,
                                    .lowest_parent_id = parent_id,
                                    .last_parent_id = parent_id,
                                    .ids_rise = true,
                                    .parents_rise = true};
    }
    facts->count++;
    facts->ids_rise = facts->ids_rise && id > facts->last_id;
    facts->parents_rise = facts->parents_rise && parent_id >= facts->last_parent_id;
    facts->lowest_id = id < facts->lowest_id ? id : facts->lowest_id;
    facts->highest_id = id > facts->highest_id ? id : facts->highest_id;
    facts->lowest_parent_id =
        parent_id < facts->lowest_parent_id ? parent_id : facts->lowest_parent_id;
    facts->highest_parent_id =
        parent_id > facts->highest_parent_id ? parent_id : facts->highest_parent_id;
    facts->last_id = id;
    facts->last_parent_id = parent_id;
}

/* Whether all rows so far are bad for the same reason, and they are many: what is wrong is the
 * file. */
static bool is_hopeless(struct staged_file *file, enum reason reason) {
    if (file->rejected[reason] < HOPELESS_ROWS || file->rejected[reason] < file->rows) {
        return false;
    }
    char text[256];
    record_describe_reason(reason, file->layout, text, sizeof text);
    failure_set(&file->failure, "each of the first %d rows is bad: %s", HOPELESS_ROWS, text);
    return true;
}

/* Reads all rows and sends the good ones. */
static bool send_rows(struct staged_file *file, struct photo_merge *photos,
                      struct csv_reader *reader, struct session *session, char *buffer) {
    static const struct csv_text no_urls = {.bytes = "[]", .length = 2};
    struct csv_row row;
    struct import_record record;
    size_t used = record_copy_begin(buffer);
    enum csv_result result;
    while ((result = csv_reader_next(reader, &row)) == CSV_ROW) {
        enum reason reason = record_read(&record, file->layout, &file->header, &row);
        atomic_fetch_add_explicit(&file->rows, 1, memory_order_relaxed);
        if (reason) {
            file->rejected[reason]++;
            if (file->good.count == 0 && is_hopeless(file, reason)) {
                return false;
            }
            continue;
        }
        note_row(&file->good, &record);
        record.photo_urls = photos ? photo_merge_urls(photos, record.id) : no_urls;
        used += record_copy(buffer + used, &record, file->layout);
        if (used > SEND_BYTES - RECORD_BYTES_MAX) {
            if (!session_send(session, buffer, used)) {
                return false;
            }
            used = 0;
        }
    }
    used += record_copy_end(buffer + used);
    return result == CSV_END && session_send(session, buffer, used);
}

static bool rank_rows(const struct layout *layout, struct session *session) {
    const char *const names[] = {layout->table, layout->parent_column};
    return !layout->is_ranked || session_call(session, IMPORT_STATEMENT_RANK_ROWS, 2, names);
}

/* Ranks, indexes and statistics; foreign keys and triggers come when all files are there. */
static bool make_indexes(struct staged_file *file, struct session *session) {
    const char *const parameters[] = {file->layout->table, "1"};
    char analyze[64];
    snprintf(analyze, sizeof analyze, "ANALYZE atelier_qa_import.%s", file->layout->table);
    file->is_indexed = rank_rows(file->layout, session) &&
                       session_call(session, IMPORT_STATEMENT_MAKE, 2, parameters) &&
                       session_run(session, analyze);
    return file->is_indexed;
}

/* The table is emptied in the transaction that fills it, so that COPY can freeze the rows: who
 * reads them later need not look up and note whether they are committed. */
static bool copy_rows(const struct job *job, struct photo_merge *photos, struct session *session,
                      struct csv_reader *reader, char *buffer) {
    char truncate[64];
    snprintf(truncate, sizeof truncate, "TRUNCATE atelier_qa_import.%s", job->file->layout->table);
    return session_run(session, "BEGIN") && session_run(session, truncate) &&
           session_run_statement(session, job->copy) &&
           send_rows(job->file, photos, reader, session, buffer) && session_end_copy(session) &&
           session_run(session, "COMMIT");
}

static bool stage(const struct job *job, struct session *session, char *buffer) {
    struct staged_file *file = job->file;
    file->input.failure = &file->failure;
    struct csv_reader *reader = rows_begin(&file->input, &file->header, &file->failure);
    struct photo_merge *photos =
        job->photos ? photo_merge_new(&job->photos->input, &job->photos->header, &file->failure)
                    : NULL;
    bool copied = reader && (photos || !job->photos) &&
                  session_open(session, job->database_url, job->abandoned, &file->failure) &&
                  copy_rows(job, photos, session, reader, buffer);
    file->has_photo_urls = photos && photos->is_whole;
    photo_merge_free(photos);
    csv_reader_free(reader);
    if (!copied) {
        return false;
    }
    atomic_store(&file->is_staged, true);
    bool is_final = file->good.ids_rise && file->good.parents_rise;
    return !job->for_exchange || !is_final || make_indexes(file, session);
}

static void *run_job(void *argument) {
    struct job *job = argument;
    struct session session = {0};
    char *buffer = malloc(SEND_BYTES);
    if (!buffer || !stage(job, &session, buffer)) {
        failure_set(&job->file->failure, "out of memory");
        atomic_store(job->abandoned, true);
    }
    session_close(&session);
    free(buffer);
    return NULL;
}

static bool are_staged(struct staged_file files[DATASET_FILES]) {
    bool staged = true;
    for (int i = 0; i < DATASET_FILES; i++) {
        staged = staged && (!files[i].is_given || atomic_load(&files[i].is_staged));
    }
    return staged;
}

/* Where all files together are: first they are read, then the last of them gets its indexes. */
static void show_progress(struct progress *progress, bool *staged,
                          struct staged_file files[DATASET_FILES]) {
    uint64_t rows = 0, read = 0, size = 0;
    if (*staged) {
        progress_wait(progress);
        return;
    }
    if (are_staged(files)) {
        *staged = true;
        progress_finish(progress);
        progress_start(progress, "making indexes");
        return;
    }
    for (int i = 0; i < DATASET_FILES; i++) {
        rows += atomic_load_explicit(&files[i].rows, memory_order_relaxed);
        read += atomic_load_explicit(&files[i].input.read, memory_order_relaxed);
        size += files[i].input.size;
    }
    progress_update(progress, rows, read, size);
}

/* Waits for the end of a thread, at most for PROGRESS_MS. */
static bool has_ended(struct job *job) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += PROGRESS_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    return pthread_timedjoin_np(job->thread, NULL, &end) == 0;
}

static bool start_jobs(struct job *jobs, struct failure *failure) {
    for (int i = 0; i < DATASET_FILES; i++) {
        if (!jobs[i].file->is_given) {
            continue;
        }
        jobs[i].is_running = pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) == 0;
        if (!jobs[i].is_running) {
            atomic_store(jobs[i].abandoned, true);
            return failure_set(failure, "cannot start a thread");
        }
    }
    return true;
}

bool staging_fill(struct staged_file files[DATASET_FILES], const char *database_url,
                  bool for_exchange, struct failure *failure) {
    struct job jobs[DATASET_FILES];
    atomic_bool abandoned = false;
    bool staged = false;
    struct progress progress;
    for (int i = 0; i < DATASET_FILES; i++) {
        jobs[i] = (struct job){.file = &files[i],
                               .copy = copy_statements[i],
                               .database_url = database_url,
                               .for_exchange = for_exchange,
                               .abandoned = &abandoned};
    }
    if (for_exchange && files[PHOTOS_FILE].is_given) {
        jobs[ANSWERS_FILE].photos = &files[PHOTOS_FILE];
    }
    progress_start(&progress, "reading");
    start_jobs(jobs, failure);
    for (int i = 0; i < DATASET_FILES; i++) {
        while (jobs[i].is_running) {
            jobs[i].is_running = !has_ended(&jobs[i]);
            show_progress(&progress, &staged, files);
        }
    }
    progress_finish(&progress);
    for (int i = 0; i < DATASET_FILES; i++) {
        if (files[i].failure.text[0] != '\0' && strcmp(files[i].failure.text, "stopped") != 0) {
            failure_set(failure, "%s: %s", files[i].name, files[i].failure.text);
        }
    }
    return !atomic_load(&abandoned) || failure_set(failure, "stopped");
}

/* Every id from the lowest to the highest is there. */
static bool has_no_gap(const struct row_facts *facts) {
    return facts->count > 0 && facts->ids_rise &&
           (uint64_t)(facts->highest_id - facts->lowest_id) == facts->count - 1;
}

/* True when the parents of all rows are certainly in staging. */
static bool has_no_orphan(const struct row_facts *facts, const struct row_facts *parents) {
    return has_no_gap(parents) && facts->lowest_parent_id >= parents->lowest_id &&
           facts->highest_parent_id <= parents->highest_id;
}

static bool count_rejected(struct staged_file *file, struct session *session) {
    const char *const names[] = {file->layout->table};
    PGresult *result =
        session_query(session, session_sql(IMPORT_STATEMENT_COUNT_REJECTED), 1, names);
    if (!result) {
        return false;
    }
    file->rejected[ROW_ORPHAN] = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    file->rejected[ROW_REPEATED] = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
    file->good.count -= file->rejected[ROW_ORPHAN] + file->rejected[ROW_REPEATED];
    PQclear(result);
    return true;
}

/* Only what is not certain already is left to the database. */
static bool check_file(struct staged_file *file, const struct row_facts *parents, bool for_exchange,
                       struct session *session) {
    const char *const parameters[] = {file->layout->table, file->layout->parent_column,
                                      file->layout->parent_table, for_exchange ? "t" : "f"};
    bool is_certain = file->good.ids_rise && (!parents || has_no_orphan(&file->good, parents));
    if (file->good.count == 0 || is_certain) {
        return true;
    }
    session_announce(session, "looking for orphans and repeated ids");
    return session_call(session, IMPORT_STATEMENT_CHECK_ROWS, 4, parameters) &&
           count_rejected(file, session);
}

static bool sort(const struct staged_file *file, struct session *session) {
    const char *const names[] = {file->layout->table, file->layout->parent_column};
    session_announce(session, "sorting");
    return session_call(session, IMPORT_STATEMENT_SORT, 2, names);
}

static bool finish_file(struct staged_file *file, struct session *session) {
    const char *const foreign_keys[] = {file->layout->table, "2"};
    if (!file->is_indexed) {
        session_announce(session, "making indexes");
        if (!make_indexes(file, session) ||
            (file->good.count > 0 && !file->good.parents_rise && !sort(file, session))) {
            return false;
        }
    }
    session_announce(session, "checking references");
    return session_call(session, IMPORT_STATEMENT_MAKE, 2, foreign_keys);
}

bool staging_create(bool for_exchange, struct session *session) {
    if (!session_run_statement(session, IMPORT_STATEMENT_CREATE_STAGING)) {
        return false;
    }
    for (int i = 0; i < DATASET_FILES; i++) {
        const char *const parameters[] = {layouts[i].table, for_exchange ? "t" : "f"};
        if (!session_call(session, IMPORT_STATEMENT_CREATE_TABLE, 2, parameters)) {
            return false;
        }
    }
    return true;
}

/* The copies of the photos' URLs in their answers, unless they went there with the answers. Where
 * nothing will be exchanged, the triggers of the published table see to them. */
static bool fill_photo_urls(const struct staged_file *answers, const struct staged_file *photos,
                            bool for_exchange, struct session *session) {
    bool are_right = answers->has_photo_urls && answers->good.ids_rise && photos->good.ids_rise &&
                     photos->good.parents_rise;
    if (!for_exchange || photos->good.count == 0 || are_right) {
        return true;
    }
    session_announce(session, "copying photo URLs");
    return session_run_statement(session, IMPORT_STATEMENT_FILL_PHOTO_URLS);
}

/* Answers whose question is ranked are searched by an index. Where nothing will be exchanged, the
 * triggers of the published table see to that. */
static bool finish_files(struct staged_file files[DATASET_FILES], struct session *session) {
    for (int i = 0; i < DATASET_FILES; i++) {
        if ((i == ANSWERS_FILE &&
             !session_run_statement(session, IMPORT_STATEMENT_MARK_LARGE_PRODUCTS)) ||
            !finish_file(&files[i], session)) {
            return false;
        }
    }
    return true;
}

bool staging_finish(struct staged_file files[DATASET_FILES], bool for_exchange,
                    struct session *session) {
    for (int i = 0; i < DATASET_FILES; i++) {
        const struct row_facts *parents = i == QUESTIONS_FILE ? NULL : &files[i - 1].good;
        if (!check_file(&files[i], parents, for_exchange, session)) {
            return false;
        }
    }
    if (!fill_photo_urls(&files[ANSWERS_FILE], &files[PHOTOS_FILE], for_exchange, session)) {
        return false;
    }
    if (for_exchange && !finish_files(files, session)) {
        return false;
    }
    session_announce(session, NULL);
    return true;
}

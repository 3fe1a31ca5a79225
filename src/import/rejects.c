/*
 * The reject file. Rows are checked again as they were the first time; what only the database could
 * tell comes from it in the same order, so that both are merged in passing.
 */
#include "import/rejects.h"

#include "import/csv_writer.h"
#include "import/rows.h"
#include "ops/stop_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_PER_STOP_CHECK = 1024, MODE = 0600 };

/* The next row that the database rejected, of which file ever. */
struct verdict {
    bool is_there;
    char table[32];
    uint64_t ordinal; /* its place among the rows that were good when they were read, from 1 */
    char reason[16];
};

struct rejects {
    struct csv_writer writer;
    struct session *session;
    struct verdict next;
};

static bool fetch_verdict(struct rejects *rejects) {
    char *text;
    struct verdict *next = &rejects->next;
    if (!session_receive(rejects->session, &text)) {
        return false;
    }
    next->is_there = text != NULL;
    bool understood = !text || sscanf(text, "%31[^\t]\t%" SCNu64 "\t%15[^\n]", next->table,
                                      &next->ordinal, next->reason) == 3;
    PQfreemem(text);
    return understood ||
           failure_set(rejects->session->failure, "the list of rejects is not understood");
}

static void write_row(struct rejects *rejects, const struct staged_file *file,
                      const struct csv_row *row, enum reason reason) {
    char text[256];
    record_describe_reason(reason, file->layout, text, sizeof text);
    csv_write_text(&rejects->writer, file->name, strlen(file->name));
    csv_write_number(&rejects->writer, row->line);
    csv_write_text(&rejects->writer, text, strlen(text));
    csv_write_text(&rejects->writer, row->raw.bytes, row->raw.length);
    csv_end_row(&rejects->writer);
}

/* The reason why a row was rejected, ROW_IS_GOOD when it was not; counts those sent to staging. */
static bool judge(struct rejects *rejects, const struct staged_file *file,
                  const struct csv_row *row, uint64_t *ordinal, enum reason *reason) {
    struct import_record record;
    struct verdict *next = &rejects->next;
    *reason = record_read(&record, file->layout, &file->header, row);
    if (*reason) {
        return true;
    }
    ++*ordinal;
    if (!next->is_there || next->ordinal != *ordinal ||
        strcmp(next->table, file->layout->table) != 0) {
        return true;
    }
    *reason = strcmp(next->reason, "orphan") == 0 ? ROW_ORPHAN : ROW_REPEATED;
    return fetch_verdict(rejects);
}

static bool write_rows(struct rejects *rejects, struct staged_file *file,
                       struct csv_reader *reader) {
    struct csv_row row;
    enum csv_result result = CSV_ROW;
    uint64_t rows = 0, ordinal = 0, left = staging_count_rejected(file);
    while (result == CSV_ROW && left > 0 && (result = csv_reader_next(reader, &row)) == CSV_ROW) {
        enum reason reason;
        if (!judge(rejects, file, &row, &ordinal, &reason)) {
            return false;
        }
        if (reason) {
            write_row(rejects, file, &row, reason);
            left--;
        }
        if (++rows % ROWS_PER_STOP_CHECK == 0 && stop_signals_pending()) {
            return failure_set(rejects->session->failure, "stopped");
        }
    }
    return left == 0 ||
           failure_set(rejects->session->failure, "%s has changed since it was read", file->name);
}

static bool write_file(struct rejects *rejects, struct staged_file *file) {
    if (!file->is_given || staging_count_rejected(file) == 0) {
        return true;
    }
    file->input.failure = rejects->session->failure;
    struct csv_reader *reader = rows_begin(&file->input, &file->header, rejects->session->failure);
    bool done = reader && write_rows(rejects, file, reader);
    csv_reader_free(reader);
    return done;
}

static bool write_files(struct rejects *rejects, struct staged_file files[DATASET_FILES]) {
    if (!session_run_statement(rejects->session, IMPORT_STATEMENT_LIST_REJECTED) ||
        !fetch_verdict(rejects)) {
        return false;
    }
    for (int i = 0; i < DATASET_FILES; i++) {
        if (!write_file(rejects, &files[i])) {
            return false;
        }
    }
    return true;
}

/* The folder of a path, which the caller releases, and the name within it. */
static char *split_path(const char *path, const char **name) {
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

static bool is_input(const struct staged_file files[DATASET_FILES], const struct stat *found) {
    for (int i = 0; i < DATASET_FILES; i++) {
        struct stat input;
        if (files[i].is_given && fstat(files[i].input.descriptor, &input) == 0 &&
            input.st_dev == found->st_dev && input.st_ino == found->st_ino) {
            return true;
        }
    }
    return false;
}

/* Why no files can be made beside `path`; NULL when they can. */
static const char *why_no_probe(const char *path) {
    char *probe;
    if (asprintf(&probe, "%s.XXXXXX", path) < 0) {
        return "out of memory";
    }
    int descriptor = mkostemp(probe, O_CLOEXEC);
    const char *reason = descriptor < 0 ? strerror(errno) : NULL;
    if (descriptor >= 0) {
        close(descriptor);
        unlink(probe);
    }
    free(probe);
    return reason;
}

/* Why `path` cannot be written; NULL when it can. What is there is replaced, not written to: so it
 * must be no link, and no device such as /dev/null. */
static const char *why_not_writable(const char *path) {
    struct stat found;
    bool exists = lstat(path, &found) == 0;
    if (exists && !S_ISREG(found.st_mode)) {
        return S_ISDIR(found.st_mode) ? strerror(EISDIR) : "it is not a regular file";
    }
    return why_no_probe(path);
}

bool rejects_check(const struct staged_file files[DATASET_FILES], const char *path,
                   struct failure *failure) {
    struct stat found;
    if (stat(path, &found) == 0 && is_input(files, &found)) {
        return failure_set(
            failure, "the list of bad rows would overwrite %s; --rejects FILE says where else",
            path);
    }
    const char *reason = why_not_writable(path);
    return !reason ||
           failure_set(failure, "cannot list bad rows in %s: %s; --rejects FILE says where else",
                       path, reason);
}

bool rejects_write(struct staged_file files[DATASET_FILES], const char *path,
                   struct session *session) {
    struct rejects rejects = {.session = session};
    const char *name;
    uint64_t count = 0;
    for (int i = 0; i < DATASET_FILES; i++) {
        count += staging_count_rejected(&files[i]);
    }
    if (count == 0) {
        return true;
    }
    char *folder = split_path(path, &name);
    bool done = folder &&
                csv_writer_open(&rejects.writer, folder, name, "file,line,reason,row", MODE) &&
                write_files(&rejects, files) && csv_writer_close(&rejects.writer) &&
                csv_writer_publish(&rejects.writer);
    if (!done && rejects.writer.error) {
        failure_set(session->failure, "cannot write %s: %s", path, strerror(rejects.writer.error));
    }
    csv_writer_discard(&rejects.writer);
    free(folder);
    return done || failure_set(session->failure, "out of memory");
}

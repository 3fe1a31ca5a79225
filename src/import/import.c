/* The steps of an import, in their order. */
#include "import/import.h"

#include "db/migrations.h"
#include "import/publish.h"
#include "import/rejects.h"
#include "import/rows.h"
#include "import/staging.h"
#include "ops/clock.h"
#include "ops/stop_signals.h"
#include "pages/lease_wait.h"
#include "process/notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LOCK_POLL_MS = 100 };

struct import {
    const struct import_options *options;
    struct staged_file files[DATASET_FILES];
    struct session session;
    bool holds_lock; /* what is in staging is ours */
    bool is_untold;  /* rows are published, and not all caches could be told */
    bool not_needed; /* the database holds data, and only an empty one was to be filled */
    struct publication publication;
    struct failure failure;
};

/* Opens a file and reads its header. */
static bool open_file(struct staged_file *file, const char *path, struct failure *failure) {
    if (!input_open(&file->input, path, failure)) {
        return false;
    }
    file->is_given = true;
    file->name = file->input.name;
    return rows_recognise(&file->header, file->layout, &file->input, failure);
}

static bool open_files(struct import *import) {
    for (int i = 0; i < DATASET_FILES; i++) {
        const char *path = import->options->paths[i];
        import->files[i].layout = &layouts[i];
        if (path && !open_file(&import->files[i], path, &import->failure)) {
            return false;
        }
    }
    return true;
}

/* Waits for other imports. */
static bool lock(struct session *session) {
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    bool locked = false, told = false;
    while (session_ask(session, IMPORT_STATEMENT_TRY_LOCK, 1, &locked) && !locked) {
        if (!told) {
            fputs("import: waiting for another import to end\n", stderr);
            told = true;
        }
        nanosleep(&pause, NULL);
    }
    return locked;
}

/* Whether these data may, and should, go into this database. */
static bool decide(struct import *import) {
    enum { EMPTY, SAMPLE, ANSWERS };
    bool found[ANSWERS];
    const struct import_options *options = import->options;
    if (!session_ask(&import->session, IMPORT_STATEMENT_LOOK, ANSWERS, found)) {
        return false;
    }
    import->publication.is_sample = options->is_sample;
    import->publication.replaces_sample = options->replace && found[SAMPLE];
    import->publication.for_exchange = found[EMPTY] || import->publication.replaces_sample;
    if (found[EMPTY]) {
        import->publication.for_exchange = !options->dry_run; /* less to make */
        return true;
    }
    if (options->only_if_empty) {
        import->not_needed = true;
        return false;
    }
    if (found[SAMPLE] && !options->is_sample && !options->replace) {
        return failure_set(&import->failure,
                           "the database holds the sample data; --replace removes them");
    }
    if (!found[SAMPLE] && options->is_sample) {
        return failure_set(&import->failure, "the database holds data that are not the sample");
    }
    if (!found[SAMPLE] && options->replace) {
        return failure_set(&import->failure,
                           "the database holds data that are not the sample: --replace "
                           "would remove them, and does not");
    }
    if (!import->publication.for_exchange) {
        fputs("import: the tables hold rows: new ones are added beside them, which takes longer "
              "than filling empty tables\n",
              stderr);
    }
    return true;
}

static bool open_database(struct import *import) {
    const char *database_url = import->options->database_url;
    struct session *session = &import->session;
    if (!session_open(session, database_url, NULL, &import->failure)) {
        return false;
    }
    if (migrations_missing(database_url) != 0) {
        return failure_set(&import->failure,
                           "the database is not up to date: run `atelier-qa migrate` first");
    }
    import->holds_lock = lock(session);
    return import->holds_lock && decide(import) &&
           staging_create(import->publication.for_exchange, session);
}

/* Tells the caches of the services on this database. False when some could not be told, with one
 * line of the reason in `error`. */
static bool tell_caches(struct import *import, char *error, size_t error_size) {
    const struct import_options *options = import->options;
    bool has_services = false;
    if (options->have_no_caches) {
        return true;
    }
    switch (notify_services(options->shared_file, NOTIFY_WITHIN_MS, error, error_size)) {
    case NOTIFY_DONE:
        return true;
    case NOTIFY_FAILED:
        return false;
    case NOTIFY_NOBODY:
        break;
    }
    snprintf(error, error_size,
             "a service is connected to the database, and none shares '%s': name its "
             "QA_SHARED_FILE or QA_STATE_DIR, or set QA_CACHE_MB=0 as services without caches do",
             options->shared_file);
    return session_ask(&import->session, IMPORT_STATEMENT_HAS_SERVICES, 1, &has_services) &&
           !has_services;
}

/* The caches are notified right after the commit. They are before it too, for it may happen when
 * this process has been killed or the connection has broken: pages are kept for a short time only
 * then (pages/versions.h), which holds for commits that come later. */
static bool publish_and_tell(struct import *import) {
    char error[512];
    (void)tell_caches(import, error, sizeof error);
    bool published = publish(&import->publication, import->files, &import->session);
    import->is_untold = !tell_caches(import, error, sizeof error);
    lease_wait(import->options->lease_ms);
    if (import->is_untold && (published || import->publication.is_unknown)) {
        fprintf(stderr, "import: %s pages may be old until they expire (QA_CACHE_LIFETIME_S): %s\n",
                published ? "the rows are published, but" : "if the rows are published,", error);
    }
    return published;
}

/* Before anything is done: a shared file that cannot be used would be in the way at the end. */
static bool check_shared_file(struct import *import) {
    char error[256];
    return import->options->dry_run || import->options->have_no_caches ||
           notify_services(import->options->shared_file, NOTIFY_WITHIN_MS, error, sizeof error) !=
               NOTIFY_FAILED ||
           failure_set(&import->failure, "caches could not be told: %s", error);
}

/* How many rows of each file would be published. */
static bool count_publishable(struct import *import) {
    struct publication *publication = &import->publication;
    for (int i = 0; i < DATASET_FILES; i++) {
        const char *const names[] = {layouts[i].table};
        PGresult *present =
            session_query(&import->session, session_sql(IMPORT_STATEMENT_COUNT_PRESENT), 1, names);
        if (!present) {
            return false;
        }
        publication->imported[i] = import->files[i].good.count;
        if (!publication->replaces_sample) {
            publication->imported[i] -= strtoull(PQgetvalue(present, 0, 0), NULL, 10);
        }
        PQclear(present);
    }
    return true;
}

static bool run_steps(struct import *import) {
    const bool *for_exchange = &import->publication.for_exchange;
    return open_files(import) &&
           rejects_check(import->files, import->options->rejects, &import->failure) &&
           check_shared_file(import) && open_database(import) &&
           staging_fill(import->files, import->options->database_url, *for_exchange,
                        &import->failure) &&
           staging_finish(import->files, *for_exchange, &import->session) &&
           rejects_write(import->files, import->options->rejects, &import->session) &&
           (import->options->dry_run ? count_publishable(import) : publish_and_tell(import));
}

static bool drop_staging(struct session *session) {
    if (PQtransactionStatus(session->connection) == PQTRANS_ACTIVE) {
        session_give_up(session);
    }
    return (PQtransactionStatus(session->connection) == PQTRANS_IDLE ||
            session_run(session, "ROLLBACK")) &&
           session_run_statement(session, IMPORT_STATEMENT_DROP_STAGING);
}

/* Leaves nothing behind but the result. Where the session is lost, the next import does it. */
static void clear_up(struct import *import) {
    struct session *session = &import->session;
    struct failure failure = {""};
    session->failure = &failure;
    session->heeds_stop = false;
    session_announce(session, NULL);
    if (import->holds_lock && !drop_staging(session)) {
        fprintf(stderr, "import: staging is left to the next import to drop: %s\n", failure.text);
    }
    session_close(session);
    for (int i = 0; i < DATASET_FILES; i++) {
        input_close(&import->files[i].input);
    }
}

static void tell_file(const struct staged_file *file, uint64_t imported, bool dry_run) {
    uint64_t rejected = staging_count_rejected(file);
    fprintf(stderr,
            "%s: %" PRIu64 " rows read, %" PRIu64 " %s, %" PRIu64 " present, %" PRIu64
            " rejected\n",
            file->name, file->rows, imported, dry_run ? "to import" : "imported",
            file->good.count - imported, rejected);
    for (size_t reason = 0; reason < REASONS; reason++) {
        if (file->rejected[reason] > 0) {
            char text[256];
            record_describe_reason((enum reason)reason, file->layout, text, sizeof text);
            fprintf(stderr, "  %" PRIu64 " x %s\n", file->rejected[reason], text);
        }
    }
}

/* Returns whether rows were rejected. */
static bool tell_result(const struct import *import) {
    const struct import_options *options = import->options;
    uint64_t published = 0, present = 0, rejected = 0;
    for (int i = 0; i < DATASET_FILES; i++) {
        const struct staged_file *file = &import->files[i];
        if (file->is_given) {
            tell_file(file, import->publication.imported[i], options->dry_run);
            published += import->publication.imported[i];
            present += file->good.count - import->publication.imported[i];
            rejected += staging_count_rejected(file);
        }
    }
    if (rejected > 0) {
        fprintf(stderr, "import: %" PRIu64 " rows are rejected, listed with the reasons in %s\n",
                rejected, options->rejects);
    }
    if (rejected > 0 || options->dry_run) {
        fprintf(stderr,
                "import: %" PRIu64 " good rows %s published, %" PRIu64 " were there before\n",
                published, options->dry_run ? "would be" : "are", present);
    }
    if (options->dry_run) {
        fputs("import: a dry run: the database is as it was\n", stderr);
    }
    return rejected > 0;
}

enum import_outcome import_run(const struct import_options *options) {
    struct import import = {.options = options};
    bool published = run_steps(&import);
    clear_up(&import);
    if (published) {
        stop_signals_discard(); /* it is too late for them */
        bool has_rejects = tell_result(&import);
        return import.is_untold ? IMPORT_UNTOLD : has_rejects ? IMPORT_WITH_REJECTS : IMPORT_DONE;
    }
    if (import.not_needed) {
        fputs("import: the database holds data; nothing was done\n", stderr);
        return IMPORT_DONE;
    }
    if (import.publication.is_unknown) {
        fprintf(stderr,
                "import: %s; whether the import was published is not known: look whether the rows "
                "are there\n",
                import.failure.text);
        return IMPORT_UNKNOWN;
    }
    fprintf(stderr, "import: %s; the database is as it was\n",
            stop_signals_pending() ? "stopped" : import.failure.text);
    return IMPORT_FAILED;
}

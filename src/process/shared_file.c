/* The supervisor's part in QA_SHARED_FILE. */
#include "process/shared_file.h"

#include "ops/clock.h"
#include "ops/error_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void beat(struct shared_file *file) {
    if (versions_beat(file->versions, &file->member, clock_ms())) {
        log_write(file->logger, LOG_LEVEL_WARNING,
                  "another service of QA_SHARED_FILE has died; all cached pages are made anew",
                  NULL);
    }
}

bool shared_file_open(struct shared_file *file, const char *path, const struct logger *logger,
                      char *error, size_t error_size) {
    *file = (struct shared_file){.logger = logger};
    file->descriptor = versions_file_open(path, error, error_size);
    if (file->descriptor >= 0) {
        file->versions = versions_map(file->descriptor, error, error_size);
    }
    if (!file->versions) {
        return false;
    }
    if (!versions_guard(file->versions)) {
        return error_text(error, error_size, "QA_SHARED_FILE: %s", strerror(errno));
    }
    versions_invalidate_all(file->versions, clock_ms());
    beat(file);
    return true;
}

/* Mends the file where it was truncated. */
static enum versions_file look(struct shared_file *file, const char *path) {
    char error[256];
    enum versions_file state = versions_file_look(file->versions, path, file->descriptor);
    bool was_broken = file->is_broken;
    if (state == VERSIONS_FILE_CUT && !was_broken) {
        log_write(file->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was truncated while in use; workers that touched it have died, "
                  "and all cached pages are made anew",
                  NULL);
    }
    /* A worker may have made a truncated file whole when it started: then counters began anew. */
    bool is_whole = !was_broken && state != VERSIONS_FILE_CUT &&
                    versions_note(file->versions, 0).epoch >= file->epoch;
    file->is_broken = !is_whole && !versions_restore(file->versions, file->descriptor, file->epoch,
                                                     error, sizeof error);
    if (!file->is_broken) {
        file->epoch = versions_note(file->versions, 0).epoch;
    } else if (!was_broken) {
        log_write(file->logger, LOG_LEVEL_ERROR,
                  "the shared file cannot be made whole; no worker can use it until then", "{s:s}",
                  "reason", error);
    }
    return state;
}

void shared_file_on_exit(struct shared_file *file, const char *path, bool cleanly) {
    (void)look(file, path);
    if (!cleanly) {
        /* It may have died between a commit and its versions, or have left a server process
         * behind that commits yet. */
        versions_invalidate_all(file->versions, clock_ms());
    }
}

/* While the file is lost to others, neither side sees what the other changes: so every page is made
 * anew at each call, here and, where another file has the name, there. */
void shared_file_watch(struct shared_file *file, const char *path) {
    bool is_lost = look(file, path) == VERSIONS_FILE_LOST;
    if (is_lost && !file->is_lost) {
        log_write(file->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was removed or replaced while in use; until this service is "
                  "stopped and started, cached pages are kept for half a second only",
                  "{s:s}", "path", path);
    }
    file->is_lost = is_lost;
    if (is_lost) {
        char error[256];
        versions_invalidate_all(file->versions, clock_ms());
        (void)versions_notify(path, error, sizeof error);
    }
    beat(file);
}

void shared_file_leave(struct shared_file *file) {
    versions_leave(file->versions, &file->member);
}

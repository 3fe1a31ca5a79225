/* The supervisor's part in QA_SHARED_FILE. */
#include "process/shared_file.h"

#include "ops/clock.h"
#include "ops/error_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void beat(struct shared_file *file) {
    if (generations_beat(file->generations, &file->seat, clock_ms())) {
        log_write(file->logger, LOG_LEVEL_WARNING,
                  "another service of QA_SHARED_FILE has died; all cached pages are made anew",
                  NULL);
    }
}

bool shared_file_open(struct shared_file *file, const char *path, const struct logger *logger,
                      char *error, size_t error_size) {
    *file = (struct shared_file){.logger = logger};
    file->descriptor = generations_file_open(path, error, error_size);
    if (file->descriptor >= 0) {
        file->generations = generations_map(file->descriptor, error, error_size);
    }
    if (!file->generations) {
        return false;
    }
    if (!generations_guard(file->generations)) {
        return error_text(error, error_size, "QA_SHARED_FILE: %s", strerror(errno));
    }
    generations_doubt(file->generations, clock_ms());
    beat(file);
    return true;
}

/* Mends the file where it was truncated. */
static enum generations_file look(struct shared_file *file, const char *path) {
    char error[256];
    enum generations_file state = generations_file_look(file->generations, path, file->descriptor);
    bool was_broken = file->is_broken;
    if (state == GENERATIONS_FILE_CUT && !was_broken) {
        log_write(file->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was truncated while in use; workers that touched it have died, "
                  "and all cached pages are made anew",
                  NULL);
    }
    /* A worker may have made a truncated file whole when it started: then counters began anew. */
    bool is_whole = !was_broken && state != GENERATIONS_FILE_CUT &&
                    generations_note(file->generations, 0).epoch >= file->epoch;
    file->is_broken = !is_whole && !generations_restore(file->generations, file->descriptor,
                                                        file->epoch, error, sizeof error);
    if (!file->is_broken) {
        file->epoch = generations_note(file->generations, 0).epoch;
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
        /* It may have died between a commit and its generations, or have left a server process
         * behind that commits yet. */
        generations_doubt(file->generations, clock_ms());
    }
}

/* While the file is lost to others, neither side sees what the other changes: so every page is made
 * anew at each call, here and, where another file has the name, there. */
void shared_file_watch(struct shared_file *file, const char *path) {
    bool is_lost = look(file, path) == GENERATIONS_FILE_LOST;
    if (is_lost && !file->is_lost) {
        log_write(file->logger, LOG_LEVEL_ERROR,
                  "QA_SHARED_FILE was removed or replaced while in use; until this service is "
                  "stopped and started, cached pages are kept for half a second only",
                  "{s:s}", "path", path);
    }
    file->is_lost = is_lost;
    if (is_lost) {
        char error[256];
        generations_doubt(file->generations, clock_ms());
        (void)generations_tell(path, error, sizeof error);
    }
    beat(file);
}

void shared_file_leave(struct shared_file *file) {
    generations_leave(file->generations, &file->seat);
}

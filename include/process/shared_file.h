/*
 * The supervisor's part in QA_SHARED_FILE (pages/versions.h): it opens the file, watches over
 * it, and invalidates all pages for workers that ended without having done so.
 */
#pragma once

#include "ops/log.h"
#include "pages/versions.h"

struct shared_file {
    const struct logger *logger;
    int descriptor; /* -1: not open */
    struct versions *versions;
    struct versions_member member;
    uint64_t epoch; /* the last seen */
    bool is_lost;   /* QA_SHARED_FILE names another file, or none */
    bool is_broken; /* it was truncated, and could not be restored yet */
};

/* Opens and maps it, and invalidates all pages: nobody knows what happened before. False with one
 * line in `error`. */
__attribute__((warn_unused_result)) bool shared_file_open(struct shared_file *file,
                                                          const char *path,
                                                          const struct logger *logger, char *error,
                                                          size_t error_size);

/* A worker has ended; `cleanly`, when it has itself declared what others must know. */
void shared_file_on_exit(struct shared_file *file, const char *path, bool cleanly);

/* To be called at least once a second: mends the file where it was truncated, shows those who share
 * it that this service lives, and sees whether they do. */
void shared_file_watch(struct shared_file *file, const char *path);

/* When all workers have ended and shared_file_on_exit() was called for each. */
void shared_file_leave(struct shared_file *file);

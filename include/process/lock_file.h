/*
 * QA_SHARED_FILE: a small file by whose locks the services of a host find each other. It is never
 * mapped, and only its first line is read, to refuse a file of something else.
 *
 * Locks belong to an open file description, which child processes inherit: they end with the last
 * process that has it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum lock_file_byte {
    LOCK_FILE_HOLDER,  /* locked by the one supervisor that hands out the shared memory */
    LOCK_FILE_PRESENCE /* locked, shared, by every process that may change the shared memory */
};

enum lock_file_lock { LOCK_FILE_SHARED, LOCK_FILE_EXCLUSIVE };

/* Makes the folder of the file where it is missing. False with one line in `error`. */
__attribute__((warn_unused_result)) bool lock_file_make_folder(const char *path, char *error,
                                                               size_t error_size);

/* Opens the file, and makes it where it is missing. No link is followed. Its descriptor, closed on
 * exec, or -1 with one line in `error`. */
__attribute__((warn_unused_result)) int lock_file_make(const char *path, char *error,
                                                       size_t error_size);

/* Opens it as it is, to look at: nothing is made, changed or waited for. The same, and errno:
 * ENOENT or ENOTDIR where there is none. */
__attribute__((warn_unused_result)) int lock_file_look(const char *path, char *error,
                                                       size_t error_size);

/* Another description of an open file; -1 with errno. */
__attribute__((warn_unused_result)) int lock_file_open_again(int descriptor);

/* Takes or changes a lock at once. False when others have one that is in the way. */
__attribute__((warn_unused_result)) bool lock_file_take(int descriptor, enum lock_file_byte byte,
                                                        enum lock_file_lock lock);

void lock_file_release(int descriptor, enum lock_file_byte byte);

/* Whether others have any lock; of a description that has none. */
bool lock_file_is_locked(int descriptor);

/* Writes the first line, where it can. */
void lock_file_sign(int descriptor);

enum lock_file_name { LOCK_FILE_NAMED, LOCK_FILE_REPLACED, LOCK_FILE_REMOVED };

/* What has become of the name of an open file. */
enum lock_file_name lock_file_name(const char *path, int descriptor);

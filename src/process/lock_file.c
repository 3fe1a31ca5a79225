/* QA_SHARED_FILE: a file by whose locks the services of a host find each other. */
#include "process/lock_file.h"

#include "ops/config.h"
#include "ops/error_text.h"
#include "ops/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char first_line[] =
    "atelier-qa: where the shared memory is found, layout " CONFIG_TEXT_OF(SHARED_FILE_LAYOUT) "\n";

/* Whether it is ours, and of this layout. Of an interrupted write the line may be cut. */
static bool is_ours(int descriptor) {
    char text[sizeof first_line] = {0};
    ssize_t length = pread(descriptor, text, sizeof text, 0);
    return length >= 0 && (size_t)length < sizeof text &&
           memcmp(text, first_line, (size_t)length) == 0;
}

static int open_checked(const char *path, int flags, char *error, size_t error_size) {
    /* Links are not followed: the folder may belong to a lesser user than who opens. O_NONBLOCK:
     * he may have put a pipe there. */
    int descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (descriptor < 0) {
        int reason = errno;
        snprintf(error, error_size, "QA_SHARED_FILE: cannot open '%s': %s", path,
                 reason == ELOOP ? "it is a symbolic link" : strerror(reason));
        errno = reason;
        return -1;
    }
    struct stat file;
    if (fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode) || !is_ours(descriptor)) {
        snprintf(error, error_size,
                 "QA_SHARED_FILE: '%s' is of something else, or of another version of the program; "
                 "stop what uses it and remove it",
                 path);
        close(descriptor);
        errno = EPROTO;
        return -1;
    }
    return descriptor;
}

bool lock_file_make_folder(const char *path, char *error, size_t error_size) {
    return folders_make_for(path, 0755) ||
           error_text(error, error_size, "QA_SHARED_FILE: cannot make a folder for '%s': %s", path,
                      strerror(errno));
}

int lock_file_make(const char *path, char *error, size_t error_size) {
    return open_checked(path, O_RDWR | O_CREAT, error, error_size);
}

int lock_file_look(const char *path, char *error, size_t error_size) {
    return open_checked(path, O_RDONLY, error, error_size);
}

int lock_file_open_again(int descriptor) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return open(path, O_RDWR | O_CLOEXEC);
}

static struct flock lock_of(short type, off_t start, off_t length) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

bool lock_file_take(int descriptor, enum lock_file_byte byte, enum lock_file_lock lock) {
    struct flock asked = lock_of(lock == LOCK_FILE_EXCLUSIVE ? F_WRLCK : F_RDLCK, byte, 1);
    return fcntl(descriptor, F_OFD_SETLK, &asked) == 0;
}

void lock_file_release(int descriptor, enum lock_file_byte byte) {
    struct flock asked = lock_of(F_UNLCK, byte, 1);
    (void)fcntl(descriptor, F_OFD_SETLK, &asked);
}

bool lock_file_is_locked(int descriptor) {
    struct flock asked = lock_of(F_WRLCK, LOCK_FILE_HOLDER, LOCK_FILE_PRESENCE + 1);
    return fcntl(descriptor, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
}

void lock_file_sign(int descriptor) {
    ssize_t written = pwrite(descriptor, first_line, sizeof first_line - 1, 0);
    (void)written; /* a full disk does no harm */
}

enum lock_file_name lock_file_name(const char *path, int descriptor) {
    struct stat ours, named;
    if (lstat(path, &named) != 0) {
        return LOCK_FILE_REMOVED;
    }
    bool is_ours_named =
        fstat(descriptor, &ours) == 0 && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
    return is_ours_named ? LOCK_FILE_NAMED : LOCK_FILE_REPLACED;
}

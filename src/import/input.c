/* Input files, through zlib, which reads plain files as they are. */
#include "import/input.h"

#include "ops/stop_signals.h"
#include "ops/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_BYTES = 64 * 1024,
    ZLIB_BUFFER_BYTES = 256 * 1024,
    STOP_POLL_MS = 100,
};

/* Copies standard input to its end. */
static bool copy_standard_input(int to, struct failure *failure) {
    struct pollfd standard_input = {.fd = STDIN_FILENO, .events = POLLIN};
    char bytes[COPY_BYTES];
    for (;;) {
        if (stop_signals_pending()) {
            return failure_set(failure, "stopped");
        }
        if (poll(&standard_input, 1, STOP_POLL_MS) == 0) {
            continue;
        }
        ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
        if (count == 0) {
            return true;
        }
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return failure_set(failure, "cannot read standard input: %s", strerror(errno));
        }
        if (count > 0 && !write_all(to, bytes, (size_t)count)) {
            return failure_set(failure, "cannot keep standard input in a temporary file: %s",
                               strerror(errno));
        }
    }
}

/* A descriptor, or -1. */
static int open_standard_input(struct failure *failure) {
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/var/tmp";
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        failure_set(failure, "cannot make a temporary file in %s: %s", folder, strerror(errno));
        return -1;
    }
    if (!copy_standard_input(descriptor, failure) || lseek(descriptor, 0, SEEK_SET) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static int open_path(const char *path, struct failure *failure) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        failure_set(failure, "cannot read %s: %s", path, strerror(errno));
    }
    return descriptor;
}

/* Takes the descriptor, also when it fails. */
static bool open_descriptor(struct input *input, int descriptor) {
    struct stat status;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        return failure_set(input->failure,
                           "cannot read %s: not a regular file; a pipe is read as `-`",
                           input->name);
    }
    input->descriptor = descriptor;
    input->size = (uint64_t)status.st_size;
    input->file = gzdopen(descriptor, "rb");
    if (!input->file || gzbuffer(input->file, ZLIB_BUFFER_BYTES) != 0) {
        close(descriptor);
        return failure_set(input->failure, "out of memory");
    }
    return true;
}

bool input_open(struct input *input, const char *path, struct failure *failure) {
    bool is_standard = strcmp(path, "-") == 0;
    *input = (struct input){.name = is_standard ? "standard input" : path, .failure = failure};
    int descriptor = is_standard ? open_standard_input(failure) : open_path(path, failure);
    return descriptor >= 0 && open_descriptor(input, descriptor);
}

bool input_open_again(struct input *again, const struct input *input, struct failure *failure) {
    char path[64]; /* also of a file that has no name */
    snprintf(path, sizeof path, "/proc/self/fd/%d", input->descriptor);
    *again = (struct input){.name = input->name, .failure = failure};
    int descriptor = open_path(path, failure);
    return descriptor >= 0 && open_descriptor(again, descriptor);
}

static bool fail_to_read(struct input *input) {
    int code;
    const char *reason = gzerror(input->file, &code);
    return failure_set(input->failure, "cannot read %s: %s", input->name,
                       code == Z_ERRNO       ? strerror(errno)
                       : code == Z_BUF_ERROR ? "the compressed file is cut short"
                                             : reason);
}

ssize_t input_read(void *owner, char *buffer, size_t size) {
    struct input *input = owner;
    int count = gzread(input->file, buffer, (unsigned)size);
    int code = Z_OK;
    if (count == 0) { /* of a file that is cut short zlib first gives what there is */
        gzerror(input->file, &code);
    }
    if (count < 0 || code == Z_BUF_ERROR) {
        fail_to_read(input);
        return -1;
    }
    z_off_t offset = gzoffset(input->file);
    atomic_store_explicit(&input->read, offset > 0 ? (uint64_t)offset : 0, memory_order_relaxed);
    return count;
}

bool input_rewind(struct input *input) {
    atomic_store(&input->read, 0);
    return gzrewind(input->file) == 0 || fail_to_read(input);
}

void input_close(struct input *input) {
    if (input->file) {
        gzclose(input->file);
        input->file = NULL;
    }
}

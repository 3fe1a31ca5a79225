/* Lines to standard error without waiting. */
#include "ops/line_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Out of the way of the descriptors that a worker inherits (process/worker.h). */
enum { LOWEST_DESCRIPTOR = 32 };

/* Of this process, as standard error is. */
static struct {
    dev_t device;
    ino_t inode;
    bool is_known; /* the two are of what standard error was at the last line */
    int own;       /* a description of our own; -1: none */
    bool is_torn;  /* the last line was written in part */
} output = {.own = -1};

/* Standard error, opened anew; -1 where that is impossible. */
static int own_descriptor(const struct stat *status) {
    if (output.is_known && output.device == status->st_dev && output.inode == status->st_ino) {
        return output.own;
    }
    if (output.own >= 0) {
        close(output.own);
    }
    int opened = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    output.own = opened < 0 ? -1 : fcntl(opened, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);
    if (opened >= 0) {
        close(opened);
    }
    /* In all else it is as the other: with O_DIRECT a pipe keeps each line apart. */
    (void)fcntl(output.own, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
    output.device = status->st_dev;
    output.inode = status->st_ino;
    output.is_known = true;
    return output.own;
}

static ssize_t write_if_there_is_room(const struct iovec *parts, int count) {
    ssize_t written = pwritev2(STDERR_FILENO, parts, count, -1, RWF_NOWAIT);
    if (written >= 0 || errno != EOPNOTSUPP) {
        return written;
    }
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) ? writev(STDERR_FILENO, parts, count)
                                                              : -1;
}

static ssize_t write_now(struct iovec *parts, int count) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) != 0) {
        return -1;
    }
    if (S_ISSOCK(status.st_mode)) {
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        return sendmsg(STDERR_FILENO, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) {
        return writev(STDERR_FILENO, parts, count);
    }
    int own = own_descriptor(&status);
    return own >= 0 ? writev(own, parts, count) : write_if_there_is_room(parts, count);
}

bool line_write(const char *line, size_t length) {
    struct iovec parts[] = {{(void *)"\n", 1}, {(void *)line, length}};
    size_t total = length + output.is_torn;
    ssize_t written;
    do {
        written = output.is_torn ? write_now(parts, 2) : write_now(parts + 1, 1);
    } while (written < 0 && errno == EINTR);
    if (written > 0) {
        output.is_torn = (size_t)written < total;
    }
    return written == (ssize_t)total;
}

void line_write_elsewhere(void) {
    output.is_torn = false;
}

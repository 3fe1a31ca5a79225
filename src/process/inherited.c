/* Listening sockets that a service manager passes on. */
#include "process/inherited.h"

#include "ops/error_text.h"
#include "ops/number.h"
#include "process/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_DESCRIPTOR = 3, MOST_DESCRIPTORS = 4096 };

static bool read_number(const char *variable, uint64_t most, uint64_t *number) {
    const char *text = getenv(variable);
    return text && number_parse(text, strlen(text), 0, most, number);
}

/* How many there are. The variables may be meant for a process that started this one. */
static bool count_descriptors(unsigned *count, char *error, size_t error_size) {
    uint64_t pid, number;
    *count = 0;
    if (!read_number("LISTEN_PID", INT32_MAX, &pid) || pid != (uint64_t)getpid()) {
        return true;
    }
    if (!read_number("LISTEN_FDS", MOST_DESCRIPTORS, &number)) {
        return error_text(error, error_size, "LISTEN_FDS must be a number up to %d",
                          MOST_DESCRIPTORS);
    }
    *count = (unsigned)number;
    return true;
}

/* Gives it to its place. */
static bool take_one(struct places *places, const char *listen, int descriptor, int lowest,
                     char *error, size_t error_size) {
    unsigned index;
    if (!listener_recognize(listen, PLACES_MAX, descriptor, &index, error, error_size)) {
        return false;
    }
    int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, lowest);
    if (moved < 0 || fcntl(moved, F_SETFL, O_NONBLOCK) != 0) {
        return error_text(error, error_size, "LISTEN_FDS: %s", strerror(errno));
    }
    close(descriptor);
    return place_inherit(places, index, moved) ||
           error_text(error, error_size, "LISTEN_FDS has two sockets of worker %u", index);
}

bool inherited_take(struct places *places, const char *listen, int lowest, char *error,
                    size_t error_size) {
    unsigned count;
    bool ok = count_descriptors(&count, error, error_size);
    for (unsigned i = 0; ok && i < count; i++) {
        ok = take_one(places, listen, FIRST_DESCRIPTOR + (int)i, lowest, error, error_size);
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ok;
}

/* How a command that changes the database tells the services of this host. */
#include "process/notify.h"

#include "ops/clock.h"
#include "ops/error_text.h"
#include "pages/handout.h"
#include "pages/shared_memory.h"
#include "process/lock_file.h"
#include "process/trust.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PAUSE_MS = 20, AGAIN = -1 /* nobody hands the memory out now, but soon may */ };

/* One attempt. */
struct attempt {
    const char *path;
    const struct notify_pages *pages; /* NULL: all */
    int64_t until_ms;
    char *error;
    size_t error_size;
};

static int report(const struct attempt *attempt, int result, const char *reason) {
    (void)error_text(attempt->error, attempt->error_size, "QA_SHARED_FILE: %s", reason);
    return result;
}

static int wait_ms(const struct attempt *attempt) {
    int64_t rest_ms = attempt->until_ms - clock_ms();
    return rest_ms < 0 ? 0 : (int)rest_ms;
}

static void raise_versions(struct versions *versions, const struct notify_pages *pages) {
    if (pages) {
        versions_raise_both(versions, pages->product, pages->question);
    } else {
        versions_invalidate_all(versions, clock_ms());
    }
}

static int invalidate(const struct attempt *attempt, int descriptor) {
    struct shared_memory memory;
    bool is_mapped = shared_memory_map(&memory, descriptor, SHARED_MEMORY_WRITE);
    int reason = errno;
    close(descriptor);
    if (!is_mapped) {
        return report(attempt, NOTIFY_FAILED, strerror(reason));
    }
    raise_versions(shared_memory_versions(&memory), attempt->pages);
    shared_memory_unmap(&memory);
    return NOTIFY_DONE;
}

static int ask(const struct attempt *attempt, int connection) {
    int descriptor;
    struct pollfd wanted = {.fd = connection, .events = POLLIN};
    enum handout_wish wish = attempt->pages ? HANDOUT_CHANGE_PAGES : HANDOUT_CHANGE;
    if (!handout_ask(connection, wish) || poll(&wanted, 1, wait_ms(attempt)) < 0) {
        return report(attempt, AGAIN, strerror(errno));
    }
    switch (handout_receive(connection, &descriptor)) {
    case HANDOUT_GRANTED:
        return invalidate(attempt, descriptor);
    case HANDOUT_REFUSED:
        return report(attempt, NOTIFY_FAILED, "the service there runs as another user");
    case HANDOUT_OTHER_LAYOUT:
        return report(attempt, NOTIFY_FAILED,
                      "the service there is of another version of the program");
    case HANDOUT_NOTHING_YET:
    case HANDOUT_ENDED:
        break;
    }
    return report(attempt, AGAIN, "the service there does not respond");
}

/* `file` is the open file, -1 where there is none: even so somebody may listen, who has not yet
 * noticed that it was removed. */
static int try_with(const struct attempt *attempt, int file) {
    int connection = handout_connect(attempt->path);
    if (connection < 0) {
        bool is_early =
            errno == ENOENT || errno == ENOTDIR || errno == ECONNREFUSED || errno == ENAMETOOLONG;
        if (!is_early && errno != EAGAIN) {
            return report(attempt, NOTIFY_FAILED, strerror(errno));
        }
        bool may_come = errno == EAGAIN || (file >= 0 && lock_file_is_locked(file));
        return report(attempt, may_come ? AGAIN : NOTIFY_NOBODY,
                      may_come ? "the service there does not respond" : "no service is there");
    }
    int result = trust_is_holder(connection, file)
                     ? ask(attempt, connection)
                     : report(attempt, NOTIFY_FAILED, "another user listens there");
    close(connection);
    return result;
}

static int try(const struct attempt *attempt) {
    int file = lock_file_look(attempt->path, attempt->error, attempt->error_size);
    if (file < 0 && errno != ENOENT && errno != ENOTDIR) {
        return NOTIFY_FAILED;
    }
    int result = try_with(attempt, file);
    if (file >= 0) {
        close(file);
    }
    return result;
}

enum notify_result notify_services(const char *shared_file, int within_ms, char *error,
                                   size_t error_size) {
    return notify_services_of(shared_file, NULL, within_ms, error, error_size);
}

enum notify_result notify_services_of(const char *shared_file, const struct notify_pages *pages,
                                      int within_ms, char *error, size_t error_size) {
    const struct attempt attempt = {shared_file, pages, clock_ms() + within_ms, error, error_size};
    int result = try(&attempt);
    while (result == AGAIN && clock_ms() < attempt.until_ms) {
        (void)poll(NULL, 0, PAUSE_MS);
        result = try(&attempt);
    }
    return result == AGAIN ? NOTIFY_FAILED : (enum notify_result)result;
}

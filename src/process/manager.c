/* The service manager that started this process. */
#include "process/manager.h"

#include "ops/number.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or, after a @, a name that no file has. A descriptor, or -1 with errno set. */
static int connect_to(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if ((*name != '/' && *name != '@') || length >= sizeof address.sun_path) {
        errno = EINVAL;
        return -1;
    }
    memcpy(address.sun_path, name, length);
    bool is_abstract = *name == '@';
    if (is_abstract) {
        address.sun_path[0] = '\0';
    }
    /* The zero at the end of a path is part of the address. */
    size_t size = offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, (socklen_t)size) != 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

static bool read_number(const char *variable, uint64_t *number) {
    const char *text = getenv(variable);
    return text && number_parse(text, strlen(text), 1, INT64_MAX, number);
}

/* 0: nobody waits for a sign of life of this process. */
static int64_t read_watchdog_ms(void) {
    uint64_t microseconds, pid;
    if (getenv("WATCHDOG_PID") &&
        !(read_number("WATCHDOG_PID", &pid) && pid == (uint64_t)getpid())) {
        return 0;
    }
    return read_number("WATCHDOG_USEC", &microseconds) ? (int64_t)(microseconds / 1000) : 0;
}

void manager_init(struct manager *manager, const struct logger *logger) {
    *manager = (struct manager){.socket = -1};
    const char *name = getenv("NOTIFY_SOCKET");
    if (name && *name) {
        manager->watchdog_ms = read_watchdog_ms();
        manager->socket = connect_to(name);
        if (manager->socket < 0) {
            log_write(logger, LOG_LEVEL_WARNING, "the service manager cannot be told", "{s:s, s:s}",
                      "NOTIFY_SOCKET", name, "reason", strerror(errno));
        }
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

bool manager_asks(const struct manager *manager) {
    return manager->socket >= 0;
}

static bool has_room(const struct manager *manager, const char *message) {
    return send(manager->socket, message, strlen(message), MSG_NOSIGNAL) >= 0 || errno != EAGAIN;
}

static void send_pending(struct manager *manager) {
    if (*manager->pending && has_room(manager, manager->pending)) {
        *manager->pending = '\0';
    }
}

void manager_tell(struct manager *manager, const char *format, ...) {
    if (!manager_asks(manager)) {
        return;
    }
    send_pending(manager);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(manager->pending, sizeof manager->pending, format, arguments);
    va_end(arguments);
    send_pending(manager);
}

void manager_tell_if_room(struct manager *manager, const char *message) {
    if (manager_asks(manager)) {
        send_pending(manager);
        (void)has_room(manager, message);
    }
}

void manager_free(struct manager *manager) {
    if (manager->socket >= 0) {
        close(manager->socket);
        manager->socket = -1;
    }
}

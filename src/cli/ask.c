/* One short request to a process of the service. */
#include "cli/ask.h"

#include "ops/clock.h"
#include "ops/error_text.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char unix_prefix[] = "unix:";

enum { HEAD_SIZE = 4096 /* status line and headers */ };

/* Connects without waiting; -1 with errno. */
static int connect_to(const struct sockaddr *address, socklen_t length) {
    int descriptor = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, address, length) == 0 || errno == EINPROGRESS) {
        return descriptor;
    }
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

static int connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    return connect_to((const struct sockaddr *)&address, sizeof address);
}

/* Where to reach what listens on ADDRESS. */
static const char *reachable(const char *host) {
    return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

static int connect_tcp(const char *address) {
    char host[64];
    const char *colon = strrchr(address, ':');
    const char *start = address + (*address == '[');
    int length = colon ? (int)(colon - start) - (*address == '[') : 0;
    if (length <= 0 || (size_t)length >= sizeof host) {
        errno = EINVAL;
        return -1;
    }
    snprintf(host, sizeof host, "%.*s", length, start);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(reachable(host), colon + 1, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int descriptor = connect_to(found->ai_addr, found->ai_addrlen);
    int reason = errno;
    freeaddrinfo(found);
    errno = reason;
    return descriptor;
}

struct ask ask_begin(const char *address, int64_t until_ms) {
    bool is_unix = strncmp(address, unix_prefix, sizeof unix_prefix - 1) == 0;
    struct ask ask = {.until_ms = until_ms};
    ask.descriptor =
        is_unix ? connect_unix(address + sizeof unix_prefix - 1) : connect_tcp(address);
    ask.reason = ask.descriptor < 0 ? errno : 0;
    return ask;
}

/* Waits until something can be done; false with errno. */
static bool wait_for(const struct ask *ask, short what) {
    struct pollfd wanted = {.fd = ask->descriptor, .events = what};
    int64_t rest_ms = ask->until_ms - clock_ms();
    int ready = poll(&wanted, 1, rest_ms > 0 ? (int)rest_ms : 0);
    if (ready == 0) {
        errno = ETIMEDOUT;
    }
    return ready > 0;
}

static bool send_request(const struct ask *ask, const char *method, const char *path) {
    char *request = NULL;
    int length = asprintf(&request,
                          "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          "Content-Length: 0\r\n\r\n",
                          method, path);
    bool ok = false;
    if (length > 0 && wait_for(ask, POLLOUT)) {
        /* Shorter than any socket's buffer: it is sent whole or not at all. */
        ok = send(ask->descriptor, request, (size_t)length, MSG_NOSIGNAL) == length;
    }
    free(length < 0 ? NULL : request);
    return ok;
}

/* Takes what comes until the end or until `size` is full; false with errno where the connection
 * breaks. */
static bool receive(const struct ask *ask, char *text, size_t size) {
    size_t length = 0;
    while (length < size - 1) {
        if (!wait_for(ask, POLLIN)) {
            return false;
        }
        ssize_t count = recv(ask->descriptor, text + length, size - 1 - length, 0);
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        if (count == 0) {
            break;
        }
        length += count > 0 ? (size_t)count : 0;
    }
    text[length] = '\0';
    return true;
}

static bool understand(const char *text, struct ask_response *response) {
    static const char end_of_head[] = "\r\n\r\n";
    const char *end = strstr(text, end_of_head);
    if (!end || sscanf(text, "HTTP/1.%*1d %3d", &response->status) != 1) {
        return false;
    }
    snprintf(response->body, sizeof response->body, "%s", end + sizeof end_of_head - 1);
    return true;
}

bool ask_end(struct ask *ask, const char *method, const char *path, struct ask_response *response,
             char *error, size_t error_size) {
    char text[HEAD_SIZE + ASK_BODY_SIZE];
    errno = ask->reason;
    bool ok =
        ask->descriptor >= 0 && send_request(ask, method, path) && receive(ask, text, sizeof text);
    int reason = errno;
    if (ask->descriptor >= 0) {
        close(ask->descriptor);
        ask->descriptor = -1;
    }
    if (!ok) {
        return error_text(error, error_size, "%s",
                          reason == ETIMEDOUT ? "it does not respond in time" : strerror(reason));
    }
    return understand(text, response) || error_text(error, error_size, "it does not speak HTTP");
}

/* Listening sockets, one for each worker. */
#include "process/listener.h"

#include "ops/error_text.h"
#include "ops/folders.h"
#include "ops/number.h"
#include "ops/unix_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, PORT_MAX = 65535 };

static int listen_failed(int descriptor, char *error, size_t size, const char *address,
                         const char *reason) {
    if (descriptor >= 0) {
        close(descriptor);
    }
    snprintf(error, size, "cannot listen on %s: %s", address, reason);
    return -1;
}

static bool somebody_listens(const struct sockaddr_un *address) {
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* EAGAIN: its backlog is full. */
    bool listens =
        probe >= 0 &&
        (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN);
    if (probe >= 0) {
        close(probe);
    }
    return listens;
}

static int open_unix(const char *prefix, unsigned index, char *error, size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s%u.sock", prefix, index);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        return listen_failed(-1, error, size, prefix,
                             "the path of a Unix socket has at most 107 bytes");
    }
    if (!folders_make_for(address.sun_path, 0755)) {
        return listen_failed(-1, error, size, address.sun_path, strerror(errno));
    }
    if (somebody_listens(&address)) {
        return listen_failed(-1, error, size, address.sun_path, "another process listens there");
    }
    unlink(address.sun_path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* NGINX's workers may run as another user. */
    if (descriptor < 0 || !unix_socket_bind_for_all(descriptor, &address) ||
        listen(descriptor, BACKLOG) != 0) {
        return listen_failed(descriptor, error, size, address.sun_path, strerror(errno));
    }
    return descriptor;
}

struct tcp_address {
    char host[64];
    char port[8];
};

/* ADDRESS:BASE, and the port of worker `index`. */
static bool parse_tcp(const char *listen_on, unsigned index, struct tcp_address *address) {
    const char *colon = strrchr(listen_on, ':');
    uint64_t port;
    if (!colon || !number_parse(colon + 1, strlen(colon + 1), 0, PORT_MAX, &port)) {
        return false;
    }
    port += index;
    const char *start = *listen_on == '[' ? listen_on + 1 : listen_on;
    int host_length = (int)(colon - start) - (start > listen_on && colon[-1] == ']');
    snprintf(address->host, sizeof address->host, "%.*s", host_length, start);
    snprintf(address->port, sizeof address->port, "%" PRIu64, port);
    return port >= 1 && port <= PORT_MAX && host_length >= 1 &&
           (size_t)host_length < sizeof address->host;
}

static int open_tcp(const char *listen_on, unsigned index, char *error, size_t size) {
    struct tcp_address address;
    if (!parse_tcp(listen_on, index, &address)) {
        return listen_failed(-1, error, size, listen_on,
                             "QA_LISTEN must be unix:PREFIX or ADDRESS:BASE");
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(address.host, address.port, &hints, &found);
    if (result != 0) {
        return listen_failed(-1, error, size, listen_on, gai_strerror(result));
    }
    const int on = 1;
    int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = descriptor >= 0 &&
              setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(descriptor, found->ai_addr, found->ai_addrlen) == 0 &&
              listen(descriptor, BACKLOG) == 0;
    int reason = errno;
    freeaddrinfo(found);
    return ok ? descriptor : listen_failed(descriptor, error, size, listen_on, strerror(reason));
}

static const char unix_prefix[] = "unix:";

static bool is_unix(const char *listen) {
    return strncmp(listen, unix_prefix, sizeof unix_prefix - 1) == 0;
}

bool listener_check(const char *listen, unsigned count, char *error, size_t error_size) {
    struct tcp_address address;
    bool ok = is_unix(listen) ? listen[sizeof unix_prefix - 1] != '\0'
                              : parse_tcp(listen, count - 1, &address);
    return ok || error_text(error, error_size,
                            "QA_LISTEN must be unix:PREFIX, or ADDRESS:BASE with ports up to 65535 "
                            "for all workers, not '%s'",
                            listen);
}

int listener_open(const char *listen, unsigned index, char *error, size_t error_size) {
    return is_unix(listen) ? open_unix(listen + sizeof unix_prefix - 1, index, error, error_size)
                           : open_tcp(listen, index, error, error_size);
}

void listener_close(int descriptor) {
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) == 0 &&
        address.sun_family == AF_UNIX) {
        unlink(address.sun_path);
    }
    close(descriptor);
}

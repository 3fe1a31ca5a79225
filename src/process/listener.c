/* Listening sockets, of workers and of the admin process. */
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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

typedef bool bind_function(int descriptor, const struct sockaddr_un *address);

static int open_unix(const char *path, bind_function *bind_it, char *error, size_t size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        return listen_failed(-1, error, size, path,
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
    if (descriptor < 0 || !bind_it(descriptor, &address) || listen(descriptor, BACKLOG) != 0) {
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

/* As getaddrinfo(); a name is not found. */
static int look_up(const struct tcp_address *address, struct addrinfo **found) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    return getaddrinfo(address->host, address->port, &hints, found);
}

static int open_tcp(const char *listen_on, unsigned index, char *error, size_t size) {
    struct tcp_address address;
    if (!parse_tcp(listen_on, index, &address)) {
        return listen_failed(-1, error, size, listen_on,
                             "it is neither unix:PATH nor ADDRESS:PORT");
    }
    struct addrinfo *found = NULL;
    int result = look_up(&address, &found);
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

/* What follows "unix:". */
static const char *path_of(const char *listen) {
    return listen + sizeof unix_prefix - 1;
}

int listener_open(const char *listen, unsigned index, char *error, size_t error_size) {
    if (!is_unix(listen)) {
        return open_tcp(listen, index, error, error_size);
    }
    char *path = NULL;
    if (asprintf(&path, "%s%u.sock", path_of(listen), index) < 0) {
        return listen_failed(-1, error, error_size, listen, strerror(ENOMEM));
    }
    /* NGINX's workers may run as another user. */
    int descriptor = open_unix(path, unix_socket_bind_for_all, error, error_size);
    free(path);
    return descriptor;
}

static bool fits(int length) {
    return length > 0 && length < LISTENER_ADDRESS_SIZE;
}

bool listener_address(const char *listen, unsigned index, char address[LISTENER_ADDRESS_SIZE]) {
    struct tcp_address tcp;
    if (is_unix(listen)) {
        return fits(snprintf(address, LISTENER_ADDRESS_SIZE, "%s%u.sock", listen, index));
    }
    bool is_bracketed = *listen == '[';
    return parse_tcp(listen, index, &tcp) &&
           fits(snprintf(address, LISTENER_ADDRESS_SIZE, "%s%s%s:%s", is_bracketed ? "[" : "",
                         tcp.host, is_bracketed ? "]" : "", tcp.port));
}

bool listener_next(const char **rest, char address[LISTENER_ADDRESS_SIZE]) {
    static const char separators[] = " \t,";
    const char *start = *rest + strspn(*rest, separators);
    size_t length = strcspn(start, separators);
    *rest = start + length;
    bool is_cut = length >= LISTENER_ADDRESS_SIZE;
    snprintf(address, LISTENER_ADDRESS_SIZE, "%.*s",
             is_cut ? LISTENER_ADDRESS_SIZE - 1 : (int)length, start);
    return length > 0;
}

bool listener_is_address(const char *address) {
    if (is_unix(address)) {
        size_t length = strlen(path_of(address));
        return length > 0 && length < sizeof(((struct sockaddr_un *)NULL)->sun_path);
    }
    struct tcp_address tcp;
    struct addrinfo *found = NULL;
    if (!parse_tcp(address, 0, &tcp) || look_up(&tcp, &found) != 0) {
        return false;
    }
    freeaddrinfo(found);
    return true;
}

int listener_open_private(const char *address, char *error, size_t error_size) {
    return is_unix(address)
               ? open_unix(path_of(address), unix_socket_bind_for_owner, error, error_size)
               : open_tcp(address, 0, error, error_size);
}

static bool is_listening(int descriptor) {
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

bool listener_recognize(const char *listen, unsigned count, int descriptor, unsigned *index,
                        char *error, size_t error_size) {
    struct sockaddr_un named = {0};
    socklen_t length = sizeof named;
    char wanted[LISTENER_ADDRESS_SIZE];
    bool is_named = getsockname(descriptor, (struct sockaddr *)&named, &length) == 0 &&
                    named.sun_family == AF_UNIX &&
                    length > offsetof(struct sockaddr_un, sun_path) && is_listening(descriptor);
    for (*index = 0; is_named && is_unix(listen) && *index < count; ++*index) {
        if (listener_address(listen, *index, wanted) &&
            strncmp(named.sun_path, path_of(wanted), sizeof named.sun_path) == 0) {
            return true;
        }
    }
    return error_text(error, error_size,
                      "LISTEN_FDS: descriptor %d, '%.*s', is not the listening Unix socket of a "
                      "worker, as QA_LISTEN, '%s', has them",
                      descriptor, (int)sizeof named.sun_path, is_named ? named.sun_path : "",
                      listen);
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

/* Requests and replies of HTTP/1.1, over TCP or a Unix socket. */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { ANY_FORMAT = 32 + MAX_WBITS };

bool http_address_parse(struct http_address *address, const char *text) {
    char *rest;
    unsigned long port = strtoul(text, &rest, 10);
    *address = (struct http_address){0};
    if (*rest == '\0' && port > 0 && port <= UINT16_MAX) {
        struct sockaddr_in *tcp = (struct sockaddr_in *)&address->socket;
        tcp->sin_family = AF_INET;
        tcp->sin_port = htons((uint16_t)port);
        tcp->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address->length = sizeof *tcp;
        return true;
    }
    struct sockaddr_un *local = (struct sockaddr_un *)&address->socket;
    local->sun_family = AF_UNIX;
    address->length = sizeof *local;
    int length = snprintf(local->sun_path, sizeof local->sun_path, "%s", text);
    return length > 0 && (size_t)length < sizeof local->sun_path;
}

bool http_open(struct http_connection *connection, const struct http_address *address) {
    int family = address->socket.ss_family;
    connection->is_connected = false;
    connection->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        return false;
    }
    if (family == AF_INET) {
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    }
    const struct sockaddr *socket_address = (const struct sockaddr *)&address->socket;
    connection->is_connected = connect(connection->fd, socket_address, address->length) == 0;
    if (!connection->is_connected && errno != EINPROGRESS) {
        http_close(connection);
        return false;
    }
    return true;
}

void http_close(struct http_connection *connection) {
    close(connection->fd);
    connection->fd = -1;
}

/* Requests are small: an idle connection takes one whole. */
bool http_send(struct http_connection *connection) {
    connection->received = 0;
    connection->head_length = 0;
    return !connection->is_connected ||
           send(connection->fd, connection->request, connection->request_length, MSG_NOSIGNAL) ==
               (ssize_t)connection->request_length;
}

bool http_continue(struct http_connection *connection) {
    if (connection->is_connected) {
        return true;
    }
    int reason = 0;
    socklen_t length = sizeof reason;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &reason, &length);
    connection->is_connected = reason == 0;
    return connection->is_connected && http_send(connection);
}

/* The value of a header field, or NULL; the head ends with a NUL. */
static const char *field(const char *head, const char *name) {
    const char *at = strcasestr(head, name);
    return at ? at + strlen(name) : NULL;
}

static bool inflate_body(struct http_reply *reply) {
    static char plain[HTTP_REPLY_MAX];
    static z_stream stream;
    static bool is_ready;
    if (is_ready ? inflateReset(&stream) != Z_OK : inflateInit2(&stream, ANY_FORMAT) != Z_OK) {
        return false;
    }
    is_ready = true;
    stream.next_in = (unsigned char *)reply->body;
    stream.avail_in = (uInt)reply->length;
    stream.next_out = (unsigned char *)plain;
    stream.avail_out = sizeof plain;
    if (inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.avail_in > 0) {
        return false;
    }
    reply->body = plain;
    reply->length = stream.total_out;
    return true;
}

/* All of the reply but its body. False when it is no HTTP that this client knows. */
static bool read_head(struct http_connection *connection, struct http_reply *reply) {
    char *head = connection->reply;
    char *end_of_head = head + connection->head_length - 2;
    char kept = *end_of_head;
    *end_of_head = '\0';
    const char *length = field(head, "\r\nContent-Length:");
    const char *tag = field(head, "\r\nETag: ");
    *reply = (struct http_reply){.closes = field(head, "\r\nConnection: close") != NULL,
                                 .is_gzip = field(head, "\r\nContent-Encoding: gzip") != NULL,
                                 .body = head + connection->head_length};
    bool is_http = sscanf(head, "HTTP/1.1 %3d", &reply->status) == 1;
    bool has_body = reply->status != 204 && reply->status != 304;
    reply->length = has_body && length ? strtoul(length, NULL, 10) : 0;
    if (tag) {
        snprintf(reply->tag, sizeof reply->tag, "%.*s", (int)strcspn(tag, "\r"), tag);
    }
    *end_of_head = kept;
    return is_http && (length || !has_body);
}

enum http_progress http_receive(struct http_connection *connection, struct http_reply *reply) {
    ssize_t got = recv(connection->fd, connection->reply + connection->received,
                       HTTP_REPLY_MAX - connection->received, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN ? HTTP_WAITING : HTTP_BROKEN;
    }
    connection->received += (size_t)got;
    connection->reply[connection->received] = '\0';
    if (connection->head_length == 0) {
        const char *end = strstr(connection->reply, "\r\n\r\n");
        if (!end) {
            return connection->received < HTTP_REPLY_MAX ? HTTP_WAITING : HTTP_BROKEN;
        }
        connection->head_length = (size_t)(end - connection->reply) + 4;
    }
    if (!read_head(connection, reply)) {
        return HTTP_BROKEN;
    }
    size_t whole = connection->head_length + reply->length;
    if (connection->received < whole) {
        return whole <= HTTP_REPLY_MAX ? HTTP_WAITING : HTTP_BROKEN;
    }
    return connection->received > whole || (reply->is_gzip && !inflate_body(reply)) ? HTTP_BROKEN
                                                                                    : HTTP_DONE;
}

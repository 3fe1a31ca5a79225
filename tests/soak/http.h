/* A connection of an HTTP client, which waits for nothing: one request after the other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { HTTP_REQUEST_MAX = 4096, HTTP_REPLY_MAX = 1 << 16, HTTP_TAG_SIZE = 80 };

struct http_address {
    struct sockaddr_storage socket;
    socklen_t length;
};

struct http_connection {
    int fd; /* -1: closed */
    bool is_connected;
    char request[HTTP_REQUEST_MAX]; /* under way */
    size_t request_length;
    size_t received;
    size_t head_length; /* 0: not all of it has come */
    char reply[HTTP_REPLY_MAX + 1];
};

struct http_reply {
    int status;
    bool is_gzip; /* the body came compressed */
    bool closes;
    char tag[HTTP_TAG_SIZE]; /* empty: none */
    const char *body;        /* until the next request, or reply of any connection */
    size_t length;
};

/* A port of this machine, or the path of a Unix socket. */
bool http_address_parse(struct http_address *address, const char *text);

/* Begins to connect. */
bool http_open(struct http_connection *connection, const struct http_address *address);

void http_close(struct http_connection *connection);

/* Sends `request` of the connection, or as soon as that is connected: http_continue(). False when
 * it is broken. */
bool http_send(struct http_connection *connection);
bool http_continue(struct http_connection *connection);

enum http_progress { HTTP_WAITING, HTTP_DONE, HTTP_BROKEN };

/* Takes in what has come. */
enum http_progress http_receive(struct http_connection *connection, struct http_reply *reply);

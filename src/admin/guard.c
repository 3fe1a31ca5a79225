/* Who may ask the admin process. */
#include "admin/guard.h"

#include "http/response.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { HOST_SIZE = 64, MISDIRECTED = 421 };

/* The host of HOST or HOST:PORT, without brackets; false where it is too long or something else. */
static bool take_host(const char *authority, char host[HOST_SIZE]) {
    bool is_bracketed = *authority == '[';
    const char *start = authority + is_bracketed;
    size_t length = strcspn(start, is_bracketed ? "]" : ":");
    const char *rest = start + length;
    if (is_bracketed && *rest++ != ']') {
        return false;
    }
    if (length == 0 || length >= HOST_SIZE || (*rest && *rest != ':')) {
        return false;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    return *rest == '\0' || strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

static bool is_address(const char *host) {
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

bool guard_knows_host(const struct admin_door *door, const char *host) {
    char asked[HOST_SIZE], own[HOST_SIZE];
    if (!host || !take_host(host, asked)) {
        return false;
    }
    return strcasecmp(asked, "localhost") == 0 || strcmp(asked, "127.0.0.1") == 0 ||
           strcmp(asked, "::1") == 0 ||
           (take_host(door->address, own) && strcasecmp(asked, own) == 0) ||
           (door->is_wildcard && is_address(asked)); /* which no name leads to */
}

bool guard_admit(struct http_request *request) {
    const struct admin_door *door = request->app;
    if (door->is_private || guard_knows_host(door, http_request_header(request, "Host"))) {
        return true;
    }
    http_respond_problem(request, MISDIRECTED, "Host",
                         "the Host header must be localhost or the address that is listened on");
    return false;
}

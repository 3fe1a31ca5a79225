/* Unix sockets that everybody may connect to. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* bind(); who may come near is the folder's business. Not by chmod() of the name: in a folder of
 * another user that may be a link by then. False with errno. */
static inline bool unix_socket_bind_for_all(int descriptor, const struct sockaddr_un *address) {
    mode_t mask = umask(0111);
    bool is_bound = bind(descriptor, (const struct sockaddr *)address, sizeof *address) == 0;
    umask(mask);
    return is_bound;
}

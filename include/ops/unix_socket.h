/* Unix sockets: who may connect to them. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* bind(), and what nobody may do with the name. Not by chmod() of it: in a folder of another user
 * that may be a link by then. False with errno. */
static inline bool unix_socket_bind(int descriptor, const struct sockaddr_un *address,
                                    mode_t denied) {
    mode_t mask = umask(denied);
    bool is_bound = bind(descriptor, (const struct sockaddr *)address, sizeof *address) == 0;
    umask(mask);
    return is_bound;
}

/* Everybody may connect; who may come near is the folder's business. */
static inline bool unix_socket_bind_for_all(int descriptor, const struct sockaddr_un *address) {
    return unix_socket_bind(descriptor, address, 0111);
}

/* This user may connect, and root. */
static inline bool unix_socket_bind_for_owner(int descriptor, const struct sockaddr_un *address) {
    return unix_socket_bind(descriptor, address, 0177);
}

/*
 * Listening sockets, one for each worker, and those of the admin process. The supervisor opens them
 * and keeps them for good, so that a connection which reaches the socket of a dead worker waits in
 * its backlog for the next.
 *
 * An address is "unix:PATH" or "ADDRESS:PORT", of IPv4, or of IPv6 in brackets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { LISTENER_ADDRESS_SIZE = 128 };

/* True when listener_open() would understand `listen` for workers 0 to count - 1; else false, with
 * one line in `error`. */
bool listener_check(const char *listen, unsigned count, char *error, size_t error_size);

/*
 * Opens the socket of worker `index`: of "unix:PREFIX" the Unix socket PREFIX<index>.sock, whose
 * missing folders are made; of "ADDRESS:BASE" the TCP port BASE + index of an IPv4 address or an
 * IPv6 address in brackets. A socket file that nobody listens on any more is replaced. Returns the
 * descriptor, non-blocking and closed on exec, or -1 with one line in `error`.
 */
int listener_open(const char *listen, unsigned index, char *error, size_t error_size);

/* The address of worker `index`, of a `listen` that listener_check() has found right. False where
 * it is too long. */
__attribute__((warn_unused_result)) bool listener_address(const char *listen, unsigned index,
                                                          char address[LISTENER_ADDRESS_SIZE]);

/* The next address of a list, separated by blanks or commas; `*rest` is where it goes on. False at
 * the end. One that is too long is cut, and so no address. */
bool listener_next(const char **rest, char address[LISTENER_ADDRESS_SIZE]);

/* Whether a text is an address. */
bool listener_is_address(const char *address);

/* Opens the socket of an address, as listener_open() does. To a Unix socket only this user and root
 * can connect. */
int listener_open_private(const char *address, char *error, size_t error_size);

/* Whether an open descriptor is the listening Unix socket of one of the workers 0 to count - 1, and
 * of which; else one line in `error`. */
__attribute__((warn_unused_result)) bool listener_recognize(const char *listen, unsigned count,
                                                            int descriptor, unsigned *index,
                                                            char *error, size_t error_size);

/* Closes the socket and removes its file. */
void listener_close(int descriptor);

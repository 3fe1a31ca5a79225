/*
 * Listening sockets, one for each worker. The supervisor opens them and keeps them for good, so
 * that a connection which reaches the socket of a dead worker waits in its backlog for the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

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

/* Closes the socket and removes its file. */
void listener_close(int descriptor);

/*
 * The service manager that started this process, such as systemd: what it is told, in datagrams to
 * the socket that NOTIFY_SOCKET names (sd_notify(3)). Where nobody asks, nothing is sent.
 */
#pragma once

#include "ops/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MANAGER_MESSAGE_SIZE = 256 };

struct manager {
    int socket;                         /* connected; -1: nobody asks */
    int64_t watchdog_ms;                /* it wants to hear so often that we work; 0: it does not */
    char pending[MANAGER_MESSAGE_SIZE]; /* what could not be sent yet; "" = nothing */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and removes them from the environment: child
 * processes do not speak to the manager. What fails is logged. */
void manager_init(struct manager *manager, const struct logger *logger);

bool manager_asks(const struct manager *manager);

/* Sends lines NAME=VALUE, never waiting. A message that its queue has no room for is kept, and sent
 * with the next call; a newer one takes its place. */
__attribute__((format(printf, 2, 3))) void manager_tell(struct manager *manager, const char *format,
                                                        ...);

/* Sends what is pending, and then a message that may be lost. */
void manager_tell_if_room(struct manager *manager, const char *message);

void manager_free(struct manager *manager);

/* Whom the services of a host trust with their shared memory: each other where they run as one
 * user, and root. */
#pragma once

#include <stdbool.h>

/* Whether who has connected may change the memory. */
bool trust_may_change(int connection);

/* Whether who listens at the other end of a connection may be the holder. For root also the user
 * to whom the file of an open descriptor belongs: root runs commands for services of others. -1:
 * there is none. */
bool trust_is_holder(int connection, int lock_file);

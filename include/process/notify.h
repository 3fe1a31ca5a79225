/* How a command that changes the database tells the services of this host. */
#pragma once

#include <stddef.h>

enum notify_result {
    NOTIFY_DONE,
    NOTIFY_NOBODY, /* no service has that QA_SHARED_FILE */
    NOTIFY_FAILED  /* with one line in `error` */
};

enum { NOTIFY_WITHIN_MS = 10000 };

/* Invalidates every page of the services that share `shared_file`. It makes no file, follows no
 * link, and waits `within_ms` at most, for a service that does not respond or has just ended. One
 * that was not notified serves old pages until they expire. */
enum notify_result notify_services(const char *shared_file, int within_ms, char *error,
                                   size_t error_size);

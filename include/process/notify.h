/* How a command that changes the database tells the services of this host. */
#pragma once

#include <stddef.h>
#include <stdint.h>

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

/* The pages that a change of one question or answer has made old; 0: none. */
struct notify_pages {
    int64_t product;
    int64_t question;
};

/* The same for these pages alone, after a change that is known to be committed; NULL: for all. */
enum notify_result notify_services_of(const char *shared_file, const struct notify_pages *pages,
                                      int within_ms, char *error, size_t error_size);

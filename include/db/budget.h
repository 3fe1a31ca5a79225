/* Does the database have room for our connections? Asked once at start, over a connection of its
 * own; this one may block. */
#pragma once

#include <stddef.h>

enum budget {
    BUDGET_FITS,
    BUDGET_EXCEEDED,
    BUDGET_UNKNOWN /* the database did not respond within a few seconds */
};

/*
 * Holds `needed` connections against what the server, the database and the role allow to ours
 * together. One line about it in `message` unless they fit.
 */
enum budget budget_check(const char *database_url, size_t needed, char *message,
                         size_t message_size);

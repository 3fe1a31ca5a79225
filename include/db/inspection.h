/* What a look at the database tells before workers start: can the serving role do its work? */
#pragma once

#include <stddef.h>

enum { INSPECTION_TEXT_SIZE = 512 };

/* Of each: what is wrong and what helps, in one line; empty where all is well. */
struct inspection {
    char database[INSPECTION_TEXT_SIZE];    /* it answers, and lends whole sessions */
    char schema[INSPECTION_TEXT_SIZE];      /* it has what the statements name */
    char permissions[INSPECTION_TEXT_SIZE]; /* the role may run them */
};

/*
 * Prepares and explains every statement, which changes nothing, over connections of its own; may
 * block for some seconds. With the owner's connection string it also sees whether migrations are
 * missing. What could not be looked at, for the sake of what stands before it, says so.
 */
void inspection_run(const char *database_url, const char *owner_database_url,
                    struct inspection *inspection);

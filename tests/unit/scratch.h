/* A temporary folder for the tests of a case, made before the first and removed after the last:
 *   tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove); */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void scratch_make(void);
void scratch_remove(void);

/* The path of a file in the folder; valid until the next call. */
const char *scratch_path(const char *name);

/* The same for a new file with this text. */
const char *scratch_file(const char *name, const char *text);

/* A folder of this name whose file system has room for so many bytes, for the rest of a test, which
 * Check runs in a process of its own. False where the system lets nobody mount. */
bool scratch_mount_small(const char *name, size_t bytes);

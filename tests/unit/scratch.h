/* A temporary folder for the tests of a case, made before the first and removed after the last:
 *   tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove); */
#pragma once

void scratch_make(void);
void scratch_remove(void);

/* The path of a file in the folder; valid until the next call. */
const char *scratch_path(const char *name);

/* The same for a new file with this text. */
const char *scratch_file(const char *name, const char *text);

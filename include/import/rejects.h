/*
 * The reject file: every rejected row of all files, with the file, the number of its line, the
 * reason, and the row as it came. CSV; it gets its name when it is complete. It holds e-mail
 * addresses: only its owner can read it.
 */
#pragma once

#include "import/staging.h"

/* Whether `path` could be written, and is none of the files that are read; to be asked before the
 * work begins. */
__attribute__((warn_unused_result)) bool
rejects_check(const struct staged_file files[DATASET_FILES], const char *path,
              struct failure *failure);

/*
 * Reads the files a second time and writes `path`, when there is anything to write. The database's
 * own rejects come from `session`. False when the file could not be written.
 */
__attribute__((warn_unused_result)) bool rejects_write(struct staged_file files[DATASET_FILES],
                                                       const char *path, struct session *session);

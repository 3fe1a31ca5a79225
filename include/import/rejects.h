/*
 * The reject file: every rejected row of all files, with the file, the number of its line, the
 * reason, and the row as it came. CSV; it gets its name when it is complete.
 */
#pragma once

#include "import/staging.h"

/*
 * Reads the files a second time and writes `path`, when there is anything to write. The database's
 * own rejects come from `session`. False when the file could not be written.
 */
__attribute__((warn_unused_result)) bool rejects_write(struct staged_file files[DATASET_FILES],
                                                       const char *path, struct session *session);

/* Folders that a file needs. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Makes the missing folders of the path of a file, with this mode less the umask; false, with
 * errno, when one cannot be made. */
__attribute__((warn_unused_result)) bool folders_make_for(const char *path, mode_t mode);

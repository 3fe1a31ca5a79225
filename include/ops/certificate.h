/* Certificates in files. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* When the first certificate of a file in PEM ends, in seconds since 1970. 0, with one line in
 * `error`, where there is none, or the file cannot be read. */
int64_t certificate_end_s(const char *path, char *error, size_t error_size);

/* Output to a descriptor that blocks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Writes all bytes, also where the system takes them in pieces; false, with errno, when it cannot.
 */
__attribute__((warn_unused_result)) bool write_all(int descriptor, const char *bytes,
                                                   size_t length);

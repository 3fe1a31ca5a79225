/* The header traceparent. */
#include "http/traceparent.h"

#include <stddef.h>
#include <string.h>

/* VERSION-TRACE-PARENT-FLAGS, of 2, 32, 16 and 2 digits. */
enum { TRACE = 3, PARENT = TRACE + 33, FLAGS = PARENT + 17, END = FLAGS + 2 };

/* In lower case. */
static bool is_hexadecimal(const char *text, size_t length) {
    return strspn(text, "0123456789abcdef") >= length;
}

/* One whose digits are all 0 is none. */
static bool is_id(const char *text, size_t length) {
    return is_hexadecimal(text, length) && strspn(text, "0") < length;
}

bool traceparent_is_valid(const char *text) {
    if (strnlen(text, END) < END || text[TRACE - 1] != '-' || text[PARENT - 1] != '-' ||
        text[FLAGS - 1] != '-') {
        return false;
    }
    bool is_first_version = strncmp(text, "00", 2) == 0;
    bool is_version = is_hexadecimal(text, 2) && strncmp(text, "ff", 2) != 0;
    return is_version && is_id(text + TRACE, 32) && is_id(text + PARENT, 16) &&
           is_hexadecimal(text + FLAGS, 2) &&
           (text[END] == '\0' || (!is_first_version && text[END] == '-'));
}

/* UTF-8: which bytes may follow which (Unicode 15, table 3-7). */
#include "rules/utf8.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the character that begins at text[0], which is not ASCII; 0 when it is not well-formed.
 */
static size_t character_length(const unsigned char *text, size_t length) {
    unsigned char first = text[0];
    size_t needed = first >= 0xC2 && first <= 0xDF   ? 2
                    : (first & 0xF0) == 0xE0         ? 3
                    : first >= 0xF0 && first <= 0xF4 ? 4
                                                     : 0;
    if (needed == 0 || needed > length) {
        return 0;
    }
    unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < least || text[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < needed; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return needed;
}

/* Eight ASCII bytes at once, of which most text is made. */
static bool next_eight_are_ascii(const char *text, size_t length) {
    uint64_t eight;
    if (length < sizeof eight) {
        return false;
    }
    memcpy(&eight, text, sizeof eight);
    return (eight & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_is_valid(const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        if (next_eight_are_ascii(text + at, length - at)) {
            at += 8;
        } else if ((unsigned char)text[at] < 0x80) {
            at++;
        } else {
            size_t character = character_length((const unsigned char *)text + at, length - at);
            if (character == 0) {
                return false;
            }
            at += character;
        }
    }
    return true;
}

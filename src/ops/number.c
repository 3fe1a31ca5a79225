/* Decimal integers as text. */
#include "ops/number.h"

bool number_parse(const char *text, size_t length, uint64_t least, uint64_t most,
                  uint64_t *number) {
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)text[i] - '0';
        if (digit > 9 || digit > most || value > (most - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    bool ok = length > 0 && value >= least;
    *number = ok ? value : *number;
    return ok;
}

size_t number_format(char *out, uint64_t number) {
    char reversed[NUMBER_DIGITS];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return count;
}

/* Reads milliseconds, ISO dates and ISO times. */
#include "import/date.h"

#include <string.h>
#include <time.h>

static const int64_t FIRST_MS = -62135596800000; /* 0001-01-01T00:00:00Z */
static const int64_t END_MS = 253402300800000;   /* 10000-01-01T00:00:00Z */

static const int64_t TEN_TO_15 = 1000000000000000;

/* What is left to read. */
struct cursor {
    const char *at;
    const char *end;
};

static bool is_digit(const struct cursor *cursor) {
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

/* Takes one of the characters of `set` and returns it, or returns NUL. */
static char take(struct cursor *cursor, const char *set) {
    if (cursor->at == cursor->end || *cursor->at == '\0' || !strchr(set, *cursor->at)) {
        return '\0';
    }
    return *cursor->at++;
}

/* Takes a number of exactly `digits` digits. */
static bool take_number(struct cursor *cursor, int digits, int *number) {
    *number = 0;
    for (int i = 0; i < digits; i++) {
        if (!is_digit(cursor)) {
            return false;
        }
        *number = *number * 10 + (*cursor->at++ - '0');
    }
    return true;
}

/* Seconds since 1970 of the date's beginning. */
static bool take_date(struct cursor *cursor, int64_t *seconds) {
    int year, month, day;
    if (!take_number(cursor, 4, &year) || !take(cursor, "-") || !take_number(cursor, 2, &month) ||
        !take(cursor, "-") || !take_number(cursor, 2, &day)) {
        return false;
    }
    struct tm date = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    *seconds = timegm(&date);
    /* timegm() would take the 30th of February for one of March. */
    return date.tm_mon == month - 1 && date.tm_mday == day;
}

/* Takes an optional fraction of a second; digits past the milliseconds do not count. */
static bool take_fraction(struct cursor *cursor, int64_t *ms) {
    *ms = 0;
    if (!take(cursor, ".")) {
        return true;
    }
    const char *first = cursor->at;
    for (int64_t weight = 100; is_digit(cursor); weight /= 10) {
        *ms += (*cursor->at++ - '0') * weight;
    }
    return cursor->at > first;
}

/* A number since 1970. Ten digits are seconds, of 2001 to 2286: as milliseconds they would all be
 * days of early 1970. Sixteen digits are microseconds, which have no other meaning. */
static bool parse_number(struct cursor cursor, int64_t *ms) {
    bool is_negative = take(&cursor, "-") != '\0';
    const char *first = cursor.at;
    int64_t number = 0;
    for (; is_digit(&cursor) && number < TEN_TO_15; cursor.at++) {
        number = number * 10 + (*cursor.at - '0');
    }
    if (!is_negative && number >= TEN_TO_15 / 1000000 && number < TEN_TO_15 / 100000) {
        int64_t fraction_ms;
        bool taken = take_fraction(&cursor, &fraction_ms);
        *ms = number * 1000 + fraction_ms;
        return taken && cursor.at == cursor.end;
    }
    *ms = is_negative ? -number : number >= TEN_TO_15 ? number / 1000 : number;
    return cursor.at > first && cursor.at == cursor.end;
}

/* Takes hh:mm with optional seconds; milliseconds since midnight. */
static bool take_time(struct cursor *cursor, int64_t *ms) {
    int hour, minute, second = 0;
    int64_t fraction_ms = 0;
    if (!take_number(cursor, 2, &hour) || !take(cursor, ":") || !take_number(cursor, 2, &minute)) {
        return false;
    }
    if (take(cursor, ":") &&
        (!take_number(cursor, 2, &second) || !take_fraction(cursor, &fraction_ms))) {
        return false;
    }
    *ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction_ms;
    return hour <= 23 && minute <= 59 && second <= 59;
}

/* Takes an optional zone, Z or ±hh, ±hhmm, ±hh:mm; what it is ahead of UTC. */
static bool take_zone(struct cursor *cursor, int64_t *ms) {
    int hours, minutes = 0;
    *ms = 0;
    char sign = take(cursor, "+-");
    if (!sign) {
        take(cursor, "Zz");
        return true;
    }
    if (!take_number(cursor, 2, &hours)) {
        return false;
    }
    if ((take(cursor, ":") || is_digit(cursor)) && !take_number(cursor, 2, &minutes)) {
        return false;
    }
    *ms = (hours * 60 + minutes) * INT64_C(60000) * (sign == '-' ? -1 : 1);
    return hours <= 23 && minutes <= 59;
}

static bool parse_iso(struct cursor cursor, int64_t *ms) {
    int64_t seconds, time_ms = 0, zone_ms = 0;
    if (!take_date(&cursor, &seconds)) {
        return false;
    }
    if (take(&cursor, "Tt ") && (!take_time(&cursor, &time_ms) || !take_zone(&cursor, &zone_ms))) {
        return false;
    }
    *ms = seconds * 1000 + time_ms - zone_ms;
    return cursor.at == cursor.end;
}

bool date_parse(const char *text, size_t length, int64_t *ms) {
    const struct cursor cursor = {text, text + length};
    return (parse_number(cursor, ms) || parse_iso(cursor, ms)) && *ms >= FIRST_MS && *ms < END_MS;
}

/* Dates of a data set's file, in the forms that are found in the wild. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * True, and *ms set to the milliseconds since 1970 (UTC), for a moment of the years 1 to 9999 as
 *   - whole milliseconds since 1970: 1538856000000, -1
 *   - seconds since 1970, of ten digits and perhaps a fraction: 1538856000, 1538856000.123
 *   - whole microseconds since 1970, of sixteen digits: 1538856000000000
 *   - an ISO 8601 date, whose moment is its beginning in UTC: 2018-10-06
 *   - an ISO 8601 time, with seconds, a fraction of them and a zone or not: 2018-10-06T20:00,
 *     2018-10-06 20:00:00.123456Z, 2018-10-06T22:00:00+02:00. Without a zone it is UTC; of the
 *     fraction the milliseconds count.
 */
__attribute__((warn_unused_result)) bool date_parse(const char *text, size_t length, int64_t *ms);

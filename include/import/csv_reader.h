/*
 * Reads CSV (RFC 4180) row by row from any source of bytes, in memory that does not grow with it.
 *
 * Lines end with LF or CRLF; a byte-order mark before the first one is skipped, and so are blanks
 * and tabs around quoted fields, and lines of nothing but blanks, tabs and separators. Where the
 * quotes of a row do not work out, or where it is too long, its first line alone is given as a
 * faulty row, and reading goes on with the next line: an open quote costs one line and not the rest
 * of the file. What the fields hold is not looked at.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CSV_COLUMNS_MAX = 64 };

enum csv_fault {
    CSV_SOUND,
    CSV_QUOTE_OPEN,      /* a quote that nothing closes, at least not within the longest row */
    CSV_QUOTE_MISPLACED, /* a quote within a field that is not quoted, or text after a quoted one */
    CSV_ROW_TOO_LONG     /* one line that is longer than the longest row */
};

/* Bytes without an end mark; they belong to the reader. */
struct csv_text {
    const char *bytes;
    size_t length;
};

/* The same without blanks and tabs around it. */
struct csv_text csv_trim(struct csv_text text);

struct csv_row {
    uint64_t line;       /* on which it begins, from 1 */
    struct csv_text raw; /* as it came, without the line end; cut to the limit where too long */
    enum csv_fault fault;
    size_t column_count; /* of a sound row; only the first CSV_COLUMNS_MAX fields are kept */
    struct csv_text fields[CSV_COLUMNS_MAX]; /* without quotes */
};

enum csv_result { CSV_ROW, CSV_END, CSV_UNREADABLE };

/* Fills `buffer` with at most `size` bytes. Returns how many, 0 at the end, -1 on failure. */
typedef ssize_t csv_source(void *owner, char *buffer, size_t size);

struct csv_reader;

/* `separator` stands between fields. The longest row that is accepted has `row_limit` bytes, its
 * line end included. NULL when out of memory; csv_reader_free() releases it. */
struct csv_reader *csv_reader_new(csv_source *source, void *owner, char separator,
                                  size_t row_limit);

void csv_reader_free(struct csv_reader *reader);

/* The next row, valid until the next call; CSV_UNREADABLE when the source failed. */
__attribute__((warn_unused_result)) enum csv_result csv_reader_next(struct csv_reader *reader,
                                                                    struct csv_row *row);

/*
 * Fuzzes the CSV reader, and the checks of dates and of UTF-8 on the fields that it finds. The
 * first byte of the input is the size of the pieces in which the rest is given, and the separator.
 *
 * Promises checked: the rows are the same whatever the pieces, and wherever the buffer cuts them as
 * long as it holds each; every byte is in exactly one row, a line end, an empty line or a
 * byte-order mark; lines are counted right; a written and re-read row is the same.
 */
#include "import/csv_reader.h"
#include "import/date.h"
#include "rules/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_LIMIT = 256 };

static char separator; /* of the input under test */

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct pieces {
    const char *next;
    size_t left;
    size_t piece;
};

static ssize_t read_piece(void *owner, char *buffer, size_t size) {
    struct pieces *pieces = owner;
    size_t length = pieces->left < pieces->piece ? pieces->left : pieces->piece;
    length = length < size ? length : size;
    memcpy(buffer, pieces->next, length);
    pieces->next += length;
    pieces->left -= length;
    return (ssize_t)length;
}

static bool same_text(struct csv_text a, struct csv_text b) {
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static size_t kept_fields(const struct csv_row *row) {
    size_t kept = row->column_count < CSV_COLUMNS_MAX ? row->column_count : CSV_COLUMNS_MAX;
    return row->fault ? 0 : kept;
}

static void require_same_row(const struct csv_row *a, const struct csv_row *b) {
    REQUIRE(a->fault == b->fault && same_text(a->raw, b->raw));
    REQUIRE(a->fault || a->column_count == b->column_count);
    for (size_t i = 0; i < kept_fields(a); i++) {
        REQUIRE(same_text(a->fields[i], b->fields[i]));
    }
}

/* Reads the row at `at`, behind a line end, by itself into a buffer that holds all. */
static void require_same_when_alone(const struct csv_row *row, const char *at, const char *end) {
    struct pieces pieces = {at - 1, (size_t)(end - at) + 1, 5};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, separator, pieces.left + 1);
    struct csv_row alone;
    REQUIRE(reader && csv_reader_next(reader, &alone) == CSV_ROW);
    bool fits = !alone.fault && alone.raw.length + 2 <= ROW_LIMIT;
    if (!row->fault || fits) {
        require_same_row(row, &alone);
    } else if (row->fault != CSV_ROW_TOO_LONG && alone.fault) {
        REQUIRE(same_text(row->raw, alone.raw));
    }
    csv_reader_free(reader);
}

/* Follows the rows through the text: where the next one must begin. */
static const char *require_row_at(const char *at, const char *end, const struct csv_row *row) {
    REQUIRE((size_t)(end - at) >= row->raw.length);
    REQUIRE(memcmp(at, row->raw.bytes, row->raw.length) == 0);
    at += row->raw.length;
    at += end - at >= 2 && at[0] == '\r' && at[1] == '\n';
    if (row->fault == CSV_ROW_TOO_LONG && at < end && *at != '\n') {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        return line_end ? line_end + 1 : end; /* the rest was dropped */
    }
    REQUIRE(at == end || *at == '\n');
    return at == end ? end : at + 1;
}

/* Past a line that may be skipped. */
static const char *require_empty_line(const char *at, const char *end) {
    for (; at < end && *at != '\n'; at++) {
        bool is_return = *at == '\r' && at + 1 < end && at[1] == '\n';
        REQUIRE(*at == ' ' || *at == '\t' || *at == separator || is_return);
    }
    return at == end ? end : at + 1;
}

/* Writes the fields all quoted, and reads them again. */
static void require_round_trip(const struct csv_row *row) {
    char csv[4 * ROW_LIMIT + 4 * CSV_COLUMNS_MAX], *out = csv;
    if (row->column_count > CSV_COLUMNS_MAX) {
        return;
    }
    for (size_t i = 0; i < row->column_count; i++) {
        *out++ = '"';
        for (size_t j = 0; j < row->fields[i].length; j++) {
            *out++ = row->fields[i].bytes[j];
            if (row->fields[i].bytes[j] == '"') {
                *out++ = '"';
            }
        }
        *out++ = '"';
        *out++ = i + 1 < row->column_count ? separator : '\n';
    }
    struct pieces pieces = {csv, (size_t)(out - csv), 7};
    struct csv_reader *reader = csv_reader_new(read_piece, &pieces, separator, sizeof csv);
    struct csv_row again;
    REQUIRE(reader && csv_reader_next(reader, &again) == CSV_ROW);
    REQUIRE(!again.fault && again.column_count == row->column_count);
    for (size_t i = 0; i < row->column_count; i++) {
        REQUIRE(same_text(again.fields[i], row->fields[i]));
    }
    csv_reader_free(reader);
}

static void check_fields(const struct csv_row *row) {
    for (size_t i = 0; i < kept_fields(row); i++) {
        int64_t ms;
        if (date_parse(row->fields[i].bytes, row->fields[i].length, &ms)) {
            REQUIRE(text_is_utf8(row->fields[i].bytes, row->fields[i].length));
        }
    }
    if (!row->fault) {
        require_round_trip(row);
    }
}

static uint64_t count_lines(const char *from, const char *to) {
    uint64_t count = 0;
    for (; from < to; from++) {
        count += *from == '\n';
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return 0;
    }
    const char *text = (const char *)data + 1, *end = text + size - 1, *at = text;
    separator = ",;\t|"[data[0] / 64];
    struct pieces whole = {text, size - 1, size}, parts = {text, size - 1, 1 + data[0] % 64};
    struct csv_reader *reader = csv_reader_new(read_piece, &whole, separator, ROW_LIMIT);
    struct csv_reader *twin = csv_reader_new(read_piece, &parts, separator, ROW_LIMIT);
    REQUIRE(reader && twin);
    if (size > 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        at += 3;
    }
    char *lines = malloc(size); /* the same, but that a line end precedes the first row, too */
    REQUIRE(lines);
    memcpy(lines, data, size);
    lines[at - 1 - (const char *)data] = '\n';
    struct csv_row row, twin_row;
    enum csv_result result;
    while ((result = csv_reader_next(reader, &row)) == CSV_ROW) {
        REQUIRE(csv_reader_next(twin, &twin_row) == CSV_ROW);
        require_same_row(&row, &twin_row);
        while (1 + count_lines(text, at) < row.line) {
            REQUIRE(at < end);
            at = require_empty_line(at, end);
        }
        require_same_when_alone(&row, lines + (at - (const char *)data), lines + size);
        REQUIRE(row.line == twin_row.line);
        REQUIRE(row.line == 1 + count_lines(text, at));
        at = require_row_at(at, end, &row);
        check_fields(&row);
    }
    while (at < end) {
        at = require_empty_line(at, end);
    }
    REQUIRE(result == CSV_END && csv_reader_next(twin, &twin_row) == CSV_END);
    csv_reader_free(reader);
    csv_reader_free(twin);
    free(lines);
    return 0;
}

/*
 * A row of a file, checked: what it says, or why it is rejected; and its form for COPY.
 */
#pragma once

#include "import/layout.h"

#include <stdint.h>

/* Why a row is rejected; counted by this. */
enum reason {
    ROW_IS_GOOD,
    ROW_QUOTE_OPEN,
    ROW_QUOTE_MISPLACED,
    ROW_TOO_LONG,
    ROW_COLUMN_COUNT,
    ROW_NUL_BYTE,
    ROW_NOT_UTF8,
    ROW_REPEATED, /* only the database can tell */
    ROW_ORPHAN,   /* likewise */
    ROW_COLUMN,   /* the first column is wrong; + its index */
    /* The same: it is missing. */
    ROW_MISSING = ROW_COLUMN + LAYOUT_COLUMNS_MAX,
    REASONS = ROW_MISSING + LAYOUT_COLUMNS_MAX
};

enum {
    ROW_BYTES_MAX = 1 << 20,
    RECORD_BYTES_MAX = 32 * 1024, /* more than any encoded record has */
};

/* A good row. The texts belong to the row that it was read from. */
struct import_record {
    int64_t id;
    int64_t parent_id; /* product, question or answer */
    int64_t date_ms;
    int64_t helpful;
    bool reported;
    struct csv_text body;
    struct csv_text name;
    struct csv_text email; /* empty = none */
    struct csv_text url;
    struct csv_text photo_urls; /* of an answer; JSON, of another file: not set by record_read() */
};

/* Fills the record when the row is good. */
__attribute__((warn_unused_result)) enum reason record_read(struct import_record *record,
                                                            const struct layout *layout,
                                                            const struct layout_header *header,
                                                            const struct csv_row *row);

/* The reason for people, such as "asker_name must have ..."; at most `size` bytes. */
void record_describe_reason(enum reason reason, const struct layout *layout, char *text,
                            size_t size);

/* COPY's binary format, as sql/import/copy_*.sql expect it. Each writes to `out`, which has room
 * for RECORD_BYTES_MAX, and returns how many bytes. */
size_t record_copy_begin(char *out);
size_t record_copy(char *out, const struct import_record *record, const struct layout *layout);
size_t record_copy_end(char *out);

/*
 * Reads CSV. The buffer holds the longest row; a row that its end cuts off is moved to the front,
 * the buffer is filled up, and the row is split again from its start.
 */
#include "import/csv_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct csv_reader {
    csv_source *source;
    void *owner;
    char separator;
    size_t limit;
    char *buffer;     /* `limit` bytes */
    char *scratch;    /* as many, for the fields of one row that have doubled quotes */
    size_t start;     /* of the next row in the buffer */
    size_t end;       /* of what is in the buffer */
    uint64_t line;    /* of the next row */
    bool begun;       /* the first bytes were read */
    bool finished;    /* the source has no more */
    bool in_long_row; /* what comes up to the next line end belongs to a row already given */
};

/* What splitting found: a row up to `next`, or a fault. */
struct split {
    const char *next;     /* behind the line end */
    enum csv_fault fault; /* when cut off: what it is should nothing follow */
    bool cut_off;         /* the buffer ends within the row */
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

struct csv_text csv_trim(struct csv_text text) {
    while (text.length > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.bytes[text.length - 1])) {
        text.length--;
    }
    return text;
}

struct csv_reader *csv_reader_new(csv_source *source, void *owner, char separator,
                                  size_t row_limit) {
    struct csv_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return NULL;
    }
    reader->source = source;
    reader->owner = owner;
    reader->separator = separator;
    reader->limit = row_limit;
    reader->line = 1;
    reader->buffer = malloc(row_limit);
    reader->scratch = malloc(row_limit);
    if (!reader->buffer || !reader->scratch) {
        csv_reader_free(reader);
        return NULL;
    }
    return reader;
}

void csv_reader_free(struct csv_reader *reader) {
    if (reader) {
        free(reader->buffer);
        free(reader->scratch);
        free(reader);
    }
}

/* Fills the buffer, or reads up to the end of the source. */
static bool fill(struct csv_reader *reader) {
    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    while (reader->end < reader->limit && !reader->finished) {
        ssize_t count = reader->source(reader->owner, reader->buffer + reader->end,
                                       reader->limit - reader->end);
        if (count < 0) {
            return false;
        }
        reader->finished = count == 0;
        reader->end += (size_t)count;
    }
    size_t mark = sizeof byte_order_mark - 1;
    if (!reader->begun && reader->end >= mark &&
        memcmp(reader->buffer, byte_order_mark, mark) == 0) {
        reader->start = mark;
    }
    reader->begun = true;
    return true;
}

static const char *find(const char *from, const char *end, char byte) {
    return memchr(from, byte, (size_t)(end - from));
}

static void add_field(struct csv_row *row, const char *bytes, const char *end) {
    if (row->column_count < CSV_COLUMNS_MAX) {
        row->fields[row->column_count] = (struct csv_text){bytes, (size_t)(end - bytes)};
    }
    row->column_count++;
}

static const char *skip_blanks(const char *at, const char *end, char separator) {
    while (at < end && is_blank(*at) && *at != separator) {
        at++;
    }
    return at;
}

/* The end of an unquoted field: a separator, a line end, a quote, or `end`. */
static const char *end_of_plain(const char *at, const char *end, char separator) {
    while (at < end && *at != separator && *at != '\n' && *at != '"') {
        at++;
    }
    return at;
}

/*
 * Reads a quoted field from behind its opening quote. Returns where its closing quote is, or NULL
 * when `end` comes first. Only a field with doubled quotes is copied, to *scratch, which moves on.
 */
static const char *split_quoted(struct csv_row *row, const char *at, const char *end,
                                char **scratch) {
    const char *bytes = at, *quote;
    char *copy = *scratch;
    while ((quote = find(at, end, '"')) && quote + 1 < end && quote[1] == '"') {
        size_t length = (size_t)(quote + 1 - at);
        memcpy(*scratch, at, length);
        *scratch += length;
        at = quote + 2;
    }
    if (!quote) {
        return NULL;
    }
    if (at == bytes) {
        add_field(row, bytes, quote);
    } else {
        memcpy(*scratch, at, (size_t)(quote - at));
        *scratch += quote - at;
        add_field(row, copy, *scratch);
    }
    return quote;
}

static struct split split_row(const struct csv_reader *reader, struct csv_row *row) {
    const char *at = reader->buffer + reader->start, *end = reader->buffer + reader->end;
    char *scratch = reader->scratch, separator = reader->separator;
    row->column_count = 0;
    for (;; at++) { /* past the separator */
        const char *quote = skip_blanks(at, end, separator);
        if (quote < end && *quote == '"') {
            quote = split_quoted(row, quote + 1, end, &scratch);
            if (!quote) {
                return (struct split){.fault = CSV_QUOTE_OPEN, .cut_off = true};
            }
            at = skip_blanks(quote + 1, end, separator);
            if (at + 1 == end && *at == '\r') {
                return (struct split){.fault = CSV_QUOTE_MISPLACED, .cut_off = true};
            }
            at += at + 1 < end && at[0] == '\r' && at[1] == '\n';
        } else {
            const char *bytes = at;
            at = end_of_plain(at, end, separator);
            bool has_return = at < end && *at == '\n' && at > bytes && at[-1] == '\r';
            add_field(row, bytes, has_return ? at - 1 : at);
        }
        if (at == end) {
            return (struct split){.cut_off = true};
        }
        if (*at == '\n') {
            return (struct split){.next = at + 1};
        }
        if (*at != separator) {
            return (struct split){.fault = CSV_QUOTE_MISPLACED};
        }
    }
}

/* Whether a line, without its end, is nothing but blanks, tabs and separators. */
static bool is_empty(struct csv_text line, char separator) {
    size_t at = 0;
    while (at < line.length && (is_blank(line.bytes[at]) || line.bytes[at] == separator)) {
        at++;
    }
    return at == line.length;
}

static uint64_t count_lines(const char *at, const char *end) {
    uint64_t count = 0;
    while ((at = find(at, end, '\n'))) {
        at++;
        count++;
    }
    return count;
}

/* Hands out what is in the buffer up to `next` and moves on. */
static enum csv_result give(struct csv_reader *reader, struct csv_row *row, enum csv_fault fault,
                            const char *next) {
    const char *start = reader->buffer + reader->start, *end = next;
    if (end > start && end[-1] == '\n') {
        end--;
        end -= end > start && end[-1] == '\r';
    }
    row->line = reader->line;
    row->raw = (struct csv_text){start, (size_t)(end - start)};
    row->fault = fault;
    reader->line += count_lines(start, next);
    reader->start = (size_t)(next - reader->buffer);
    return CSV_ROW;
}

/* A faulty row is its first line, as far as that is in the buffer. */
static enum csv_result give_faulty(struct csv_reader *reader, struct csv_row *row,
                                   enum csv_fault fault, const char *line_end) {
    reader->in_long_row = !line_end && !reader->finished;
    return give(reader, row, reader->in_long_row ? CSV_ROW_TOO_LONG : fault,
                line_end ? line_end + 1 : reader->buffer + reader->end);
}

/* Drops the rest of a row that was too long. */
static bool leave_long_row(struct csv_reader *reader) {
    while (reader->in_long_row) {
        const char *start = reader->buffer + reader->start;
        const char *line_end = find(start, reader->buffer + reader->end, '\n');
        reader->start = line_end ? (size_t)(line_end + 1 - reader->buffer) : reader->end;
        reader->line += line_end != NULL;
        reader->in_long_row = !line_end && !reader->finished;
        if (reader->in_long_row && !fill(reader)) {
            return false;
        }
    }
    return true;
}

enum csv_result csv_reader_next(struct csv_reader *reader, struct csv_row *row) {
    if (!leave_long_row(reader)) {
        return CSV_UNREADABLE;
    }
    for (;;) {
        const char *start = reader->buffer + reader->start, *end = reader->buffer + reader->end;
        if (start == end && reader->finished) {
            return CSV_END;
        }
        struct split split = split_row(reader, row);
        if (!split.next && split.cut_off && reader->finished && split.fault == CSV_SOUND) {
            split.next = end;
        }
        if (split.next) {
            give(reader, row, CSV_SOUND, split.next);
            if (is_empty(row->raw, reader->separator)) {
                continue;
            }
            return CSV_ROW;
        }
        const char *line_end = find(start, end, '\n');
        bool is_full = reader->start == 0 && reader->end == reader->limit;
        if (reader->finished || is_full || (!split.cut_off && line_end)) {
            return give_faulty(reader, row, split.fault ? split.fault : CSV_ROW_TOO_LONG, line_end);
        }
        if (!fill(reader)) {
            return CSV_UNREADABLE;
        }
    }
}

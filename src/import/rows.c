/* Tells what a file looks like by its first line. */
#include "import/rows.h"

#include "import/record.h"

#include <string.h>

static const char separators[] = {',', ';', '\t', '|'};

/* What else a file may be, by its first bytes. */
static const struct {
    const char *what;
    size_t length;
    const char *bytes;
} others[] = {
    {"UTF-16 text", 2, "\xFF\xFE"},
    {"UTF-16 text", 2, "\xFE\xFF"},
    {"a spreadsheet or another ZIP archive", 4, "PK\x03\x04"},
    {"an old spreadsheet", 4, "\xD0\xCF\x11\xE0"},
    {"compressed by bzip2", 3, "BZh"},
    {"compressed by xz", 5,
     "\xFD"
     "7zXZ"},
    {"compressed by zstd", 4, "\x28\xB5\x2F\xFD"},
    {"a dump of pg_dump", 5, "PGDMP"},
    {"a pointer of Git LFS in place of the file", 15, "version https:/"},
    {"JSON", 1, "{"},
    {"JSON", 1, "["},
    {"HTML or XML", 1, "<"},
};

/* What a file that is no CSV looks like; NULL: nothing that is known. */
static const char *recognise_other(struct csv_text line) {
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (line.length >= others[i].length &&
            memcmp(line.bytes, others[i].bytes, others[i].length) == 0) {
            return others[i].what;
        }
    }
    if (memchr(line.bytes, '\0', line.length)) {
        return "UTF-16 text or no text at all";
    }
    return memchr(line.bytes, '\r', line.length) ? "text with line ends of CR alone" : NULL;
}

static size_t count(struct csv_text line, char wanted) {
    size_t found = 0;
    for (size_t i = 0; i < line.length; i++) {
        found += line.bytes[i] == wanted;
    }
    return found;
}

/* The one that is most frequent: names of columns have none of them. */
static char find_separator(struct csv_text line) {
    char found = separators[0];
    for (size_t i = 1; i < sizeof separators; i++) {
        if (count(line, separators[i]) > count(line, found)) {
            found = separators[i];
        }
    }
    return found;
}

static struct csv_reader *begin(struct input *input, char separator, struct csv_row *first,
                                enum csv_result *result) {
    struct csv_reader *reader = csv_reader_new(input_read, input, separator, ROW_BYTES_MAX);
    *result = reader && input_rewind(input) ? csv_reader_next(reader, first) : CSV_UNREADABLE;
    return reader;
}

/* Recognises a file by its first line, which was read as if commas separated the fields. */
static bool recognise(struct layout_header *header, const struct csv_row *first, const char *name,
                      struct failure *failure) {
    const char *other = recognise_other(first->raw);
    if (other) {
        return failure_set(failure, "%s looks like %s; CSV in UTF-8 is needed, plain or by gzip",
                           name, other);
    }
    header->separator = find_separator(first->raw);
    return true;
}

bool rows_recognise(struct layout_header *header, const struct layout *layout, struct input *input,
                    struct failure *failure) {
    struct csv_row first;
    enum csv_result result;
    struct csv_reader *reader = begin(input, separators[0], &first, &result);
    if (result == CSV_ROW && recognise(header, &first, input->name, failure) &&
        header->separator != separators[0]) {
        csv_reader_free(reader);
        reader = begin(input, header->separator, &first, &result);
    }
    bool done = result == CSV_ROW && failure->text[0] == '\0' &&
                layout_read_header(header, layout, &first, input->name, failure);
    csv_reader_free(reader);
    return done || failure_set(failure, result == CSV_END ? "%s is empty" : "%s cannot be read",
                               input->name);
}

struct csv_reader *rows_begin(struct input *input, const struct layout_header *header,
                              struct failure *failure) {
    struct csv_row first;
    enum csv_result result;
    struct csv_reader *reader = begin(input, header->separator, &first, &result);
    if (result == CSV_ROW) {
        return reader;
    }
    failure_set(failure, reader ? "%s has changed since it was read" : "%s: out of memory",
                input->name);
    csv_reader_free(reader);
    return NULL;
}

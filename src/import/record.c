/* Checks rows by the rules of the contract and encodes them for COPY. */
#include "import/record.h"

#include "import/date.h"
#include "ops/number.h"
#include "rules/limits.h"
#include "rules/text.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* JavaScript's Number.MAX_SAFE_INTEGER. The identity sequences go on far above it. */
static const int64_t ID_MAX = (INT64_C(1) << 53) - 1;

/* There must be room for a vote. */
static const int64_t HELPFUL_MAX = INT64_MAX - 1;

/*
 * What a column must hold, and what is read where it holds nothing: the word null, \N, or no
 * character but blanks. NULL = a row without it is rejected.
 */
static const struct {
    const char *must_be;
    const char *in_place_of_nothing;
} rules[] = {
    [RULE_ID] = {"a whole number from 1 to 9007199254740991, above which browsers miscount", NULL},
    [RULE_PARENT_ID] = {"a whole number from 1 to 9007199254740991", NULL},
    [RULE_PRODUCT_ID] = {"a whole number from 1 to " LIMIT_TEXT(PRODUCT_ID_MAX), NULL},
    [RULE_BODY] = {"1 to " LIMIT_TEXT(BODY_CHARACTERS_MAX) " characters, not only white space",
                   NULL},
    [RULE_DATE] =
        {"milliseconds or seconds since 1970, an ISO date or time, of the years 1 to 9999", NULL},
    [RULE_NAME] = {"1 to " LIMIT_TEXT(NAME_CHARACTERS_MAX) " characters, not only white space",
                   "Anonymous"},
    [RULE_EMAIL] = {"an e-mail address of at most " LIMIT_TEXT(EMAIL_CHARACTERS_MAX) " characters",
                    ""},
    [RULE_REPORTED] = {"0, 1, t, f, true or false", "0"},
    [RULE_HELPFUL] = {"a whole number from 0 to 9223372036854775806, to which a vote can be added",
                      "0"},
    [RULE_URL] = {"1 to " LIMIT_TEXT(PHOTO_URL_CHARACTERS_MAX) " characters without white space, "
                                                               "with no scheme or http or https",
                  NULL},
};

static const int64_t POSTGRES_EPOCH_MS = 946684800000; /* 2000-01-01T00:00:00Z */

static bool read_number(struct csv_text text, uint64_t least, int64_t most, int64_t *number) {
    uint64_t parsed;
    bool ok = number_parse(text.bytes, text.length, least, (uint64_t)most, &parsed);
    *number = ok ? (int64_t)parsed : 0;
    return ok;
}

static bool read_flag(struct csv_text text, bool *flag) {
    static const struct {
        const char *word;
        bool means;
    } words[] = {{"0", false}, {"1", true},      {"f", false},
                 {"t", true},  {"false", false}, {"true", true}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].word) == text.length &&
            strncasecmp(words[i].word, text.bytes, text.length) == 0) {
            *flag = words[i].means;
            return true;
        }
    }
    return false;
}

static bool read_text(struct csv_text text, size_t characters_max, struct csv_text *kept) {
    *kept = text;
    return text_is_filled(text.bytes, text.length, characters_max);
}

/* The one rule for all columns. */
static bool is_nothing(struct csv_text trimmed) {
    return trimmed.length == 0 || (trimmed.length == 2 && memcmp(trimmed.bytes, "\\N", 2) == 0) ||
           (trimmed.length == 4 && strncasecmp(trimmed.bytes, "null", 4) == 0);
}

/* Whether blanks around a text belong to it. */
static bool keeps_blanks(enum rule rule) {
    return rule == RULE_BODY || rule == RULE_NAME;
}

static bool read_column(struct import_record *record, enum rule rule, struct csv_text text) {
    switch (rule) {
    case RULE_ID:
        return read_number(text, 1, ID_MAX, &record->id);
    case RULE_PARENT_ID:
        return read_number(text, 1, ID_MAX, &record->parent_id);
    case RULE_PRODUCT_ID:
        return read_number(text, 1, PRODUCT_ID_MAX, &record->parent_id);
    case RULE_BODY:
        return read_text(text, BODY_CHARACTERS_MAX, &record->body);
    case RULE_DATE:
        return date_parse(text.bytes, text.length, &record->date_ms);
    case RULE_NAME:
        return read_text(text, NAME_CHARACTERS_MAX, &record->name);
    case RULE_EMAIL:
        record->email = text;
        return text.length == 0 || text_is_email(text.bytes, text.length);
    case RULE_REPORTED:
        return read_flag(text, &record->reported);
    case RULE_HELPFUL:
        return read_number(text, 0, HELPFUL_MAX, &record->helpful);
    case RULE_URL:
        record->url = text;
        return text_is_photo_url(text.bytes, text.length);
    }
    return false;
}

static enum reason reason_of_fault(enum csv_fault fault) {
    return fault == CSV_QUOTE_OPEN        ? ROW_QUOTE_OPEN
           : fault == CSV_QUOTE_MISPLACED ? ROW_QUOTE_MISPLACED
                                          : ROW_TOO_LONG;
}

enum reason record_read(struct import_record *record, const struct layout *layout,
                        const struct layout_header *header, const struct csv_row *row) {
    if (row->fault) {
        return reason_of_fault(row->fault);
    }
    if (row->column_count != header->column_count) {
        return ROW_COLUMN_COUNT;
    }
    if (memchr(row->raw.bytes, '\0', row->raw.length)) {
        return ROW_NUL_BYTE;
    }
    if (!text_is_utf8(row->raw.bytes, row->raw.length)) {
        return ROW_NOT_UTF8;
    }
    for (size_t i = 0; i < layout->column_count; i++) {
        enum rule rule = layout->columns[i].rule;
        struct csv_text text = row->fields[header->positions[i]], trimmed = csv_trim(text);
        if (is_nothing(trimmed)) {
            const char *instead = rules[rule].in_place_of_nothing;
            if (!instead) {
                return (enum reason)((size_t)ROW_MISSING + i);
            }
            text = trimmed = (struct csv_text){instead, strlen(instead)};
        }
        if (!read_column(record, rule, keeps_blanks(rule) ? text : trimmed)) {
            return (enum reason)((size_t)ROW_COLUMN + i);
        }
    }
    return ROW_IS_GOOD;
}

void record_describe_reason(enum reason reason, const struct layout *layout, char *text,
                            size_t size) {
    static const char *const texts[] = {
        [ROW_IS_GOOD] = "",
        [ROW_QUOTE_OPEN] = "a quote is not closed",
        [ROW_QUOTE_MISPLACED] = "a quote where none may be, or text after a closing one",
        [ROW_TOO_LONG] = "longer than 1 MiB; cut here",
        [ROW_COLUMN_COUNT] = "wrong number of columns",
        [ROW_NUL_BYTE] = "has a NUL byte",
        [ROW_NOT_UTF8] = "not UTF-8: save the file as CSV in UTF-8",
        [ROW_REPEATED] = "id is repeated within the file",
    };
    if (reason == ROW_ORPHAN) {
        snprintf(text, size, "%s does not exist", layout->parent_column);
    } else if (reason >= ROW_MISSING) {
        snprintf(text, size, "%s is missing", layout->columns[reason - ROW_MISSING].name);
    } else if (reason >= ROW_COLUMN) {
        const struct column *column = &layout->columns[reason - ROW_COLUMN];
        snprintf(text, size, "%s must be %s", column->name, rules[column->rule].must_be);
    } else {
        snprintf(text, size, "%s", texts[reason]);
    }
}

/* COPY's binary format: big-endian; each field after its length. */

static char *put_int16(char *out, int16_t number) {
    uint16_t big_endian = htobe16((uint16_t)number);
    return mempcpy(out, &big_endian, sizeof big_endian);
}

static char *put_int32(char *out, int32_t number) {
    uint32_t big_endian = htobe32((uint32_t)number);
    return mempcpy(out, &big_endian, sizeof big_endian);
}

static char *put_int64(char *out, int64_t number) {
    uint64_t big_endian = htobe64((uint64_t)number);
    return mempcpy(out, &big_endian, sizeof big_endian);
}

static char *put_bigint(char *out, int64_t number) {
    return put_int64(put_int32(out, sizeof number), number);
}

static char *put_integer(char *out, int32_t number) {
    return put_int32(put_int32(out, sizeof number), number);
}

static char *put_text(char *out, struct csv_text text) {
    return mempcpy(put_int32(out, (int32_t)text.length), text.bytes, text.length);
}

static char *put_null(char *out) {
    return put_int32(out, -1);
}

static char *put_boolean(char *out, bool value) {
    out = put_int32(out, 1);
    *out++ = value ? 1 : 0;
    return out;
}

/* timestamptz: microseconds since 2000. */
static char *put_moment(char *out, int64_t ms) {
    return put_bigint(out, (ms - POSTGRES_EPOCH_MS) * 1000);
}

static char *put_column(char *out, const struct import_record *record, enum rule rule) {
    switch (rule) {
    case RULE_ID:
        return put_bigint(out, record->id);
    case RULE_PARENT_ID:
        return put_bigint(out, record->parent_id);
    case RULE_PRODUCT_ID:
        return put_integer(out, (int32_t)record->parent_id);
    case RULE_BODY:
        return put_text(out, record->body);
    case RULE_DATE:
        return put_moment(out, record->date_ms);
    case RULE_NAME:
        return put_text(out, record->name);
    case RULE_EMAIL:
        return record->email.length > 0 ? put_text(out, record->email) : put_null(out);
    case RULE_REPORTED:
        return put_boolean(out, record->reported);
    case RULE_HELPFUL:
        return put_bigint(out, record->helpful);
    case RULE_URL:
        return put_text(out, record->url);
    }
    return out;
}

size_t record_copy_begin(char *out) {
    static const char signature[] = "PGCOPY\n\377\r\n"; /* with its NUL */
    char *end = mempcpy(out, signature, sizeof signature);
    end = put_int32(put_int32(end, 0), 0); /* no flags, no header extension */
    return (size_t)(end - out);
}

size_t record_copy(char *out, const struct import_record *record, const struct layout *layout) {
    size_t field_count = layout->column_count + (layout->has_photo_urls ? 1 : 0);
    char *end = put_int16(out, (int16_t)field_count);
    for (size_t i = 0; i < layout->column_count; i++) {
        end = put_column(end, record, layout->columns[i].rule);
    }
    if (layout->has_photo_urls) {
        end = put_text(end, record->photo_urls);
    }
    return (size_t)(end - out);
}

size_t record_copy_end(char *out) {
    return (size_t)(put_int16(out, -1) - out);
}

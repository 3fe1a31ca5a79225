/* The files' columns, found by their names in the header. */
#include "import/layout.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct layout layouts[DATASET_FILES] = {
    [QUESTIONS_FILE] = {.file = "questions.csv",
                        .header = "id,product_id,body,date_written,asker_name,asker_email,"
                                  "reported,helpful",
                        .table = "questions",
                        .parent_column = "product_id",
                        .column_count = 8,
                        .columns = {{"id", RULE_ID},
                                    {"product_id", RULE_PRODUCT_ID},
                                    {"body", RULE_BODY},
                                    {"date_written", RULE_DATE},
                                    {"asker_name", RULE_NAME},
                                    {"asker_email", RULE_EMAIL},
                                    {"reported", RULE_REPORTED},
                                    {"helpful", RULE_HELPFUL}},
                        .is_ranked = true},
    [ANSWERS_FILE] = {.file = "answers.csv",
                      .header = "id,question_id,body,date_written,answerer_name,"
                                "answerer_email,reported,helpful",
                      .table = "answers",
                      .parent_column = "question_id",
                      .parent_table = "questions",
                      .column_count = 8,
                      .columns = {{"id", RULE_ID},
                                  {"question_id", RULE_PARENT_ID},
                                  {"body", RULE_BODY},
                                  {"date_written", RULE_DATE},
                                  {"answerer_name", RULE_NAME},
                                  {"answerer_email", RULE_EMAIL},
                                  {"reported", RULE_REPORTED},
                                  {"helpful", RULE_HELPFUL}},
                      .has_photo_urls = true,
                      .is_ranked = true},
    [PHOTOS_FILE] = {.file = "answers_photos.csv",
                     .header = "id,answer_id,url",
                     .table = "answers_photos",
                     .parent_column = "answer_id",
                     .parent_table = "answers",
                     .column_count = 3,
                     .columns = {{"id", RULE_ID},
                                 {"answer_id", RULE_PARENT_ID},
                                 {"url", RULE_URL}}},
};

/* Which column of the layout has this name; column_count when none has. */
static size_t find_column(const struct layout *layout, struct csv_text name) {
    size_t found = 0;
    while (found < layout->column_count &&
           !(strlen(layout->columns[found].name) == name.length &&
             strncasecmp(layout->columns[found].name, name.bytes, name.length) == 0)) {
        found++;
    }
    return found;
}

/* Notes where a name of the layout stands. Returns how many do, or -1 when one stands twice. */
static int find_columns(struct layout_header *header, const struct layout *layout,
                        const struct csv_row *row, const char *file, struct failure *failure) {
    int found = 0;
    for (size_t i = 0; i < layout->column_count; i++) {
        header->positions[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < row->column_count; i++) {
        size_t column = find_column(layout, csv_trim(row->fields[i]));
        if (column < layout->column_count && header->positions[column] != SIZE_MAX) {
            failure_set(failure, "%s: there are two columns '%s'", file,
                        layout->columns[column].name);
            return -1;
        }
        if (column < layout->column_count) {
            header->positions[column] = i;
            found++;
        }
    }
    return found;
}

static bool check_none_is_missing(const struct layout_header *header, const struct layout *layout,
                                  const char *file, struct failure *failure) {
    for (size_t i = 0; i < layout->column_count; i++) {
        if (header->positions[i] == SIZE_MAX) {
            return failure_set(failure, "%s: there is no column '%s'", file,
                               layout->columns[i].name);
        }
    }
    return true;
}

/* Prints a name of the file's own: no byte of it may move a terminal's cursor or end the line. */
static void print_name(struct csv_text name) {
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.bytes[i];
        fputc(byte < ' ' || byte == 0x7F ? '?' : byte, stderr);
    }
}

static void tell_left_out(const struct layout *layout, const struct csv_row *row,
                          const char *file) {
    for (size_t i = 0; i < row->column_count; i++) {
        struct csv_text name = csv_trim(row->fields[i]);
        if (find_column(layout, name) == layout->column_count) {
            fprintf(stderr, "import: %s: the column '", file);
            print_name(name);
            fputs("' is left out\n", stderr);
        }
    }
}

bool layout_read_header(struct layout_header *header, const struct layout *layout,
                        const struct csv_row *row, const char *file, struct failure *failure) {
    int found = row->fault || row->column_count > CSV_COLUMNS_MAX
                    ? 0
                    : find_columns(header, layout, row, file, failure);
    if (found == 0) {
        return failure_set(failure, "%s has no header: its first line must be such as %s", file,
                           layout->header);
    }
    if (found < 0 || !check_none_is_missing(header, layout, file, failure)) {
        return false;
    }
    header->column_count = row->column_count;
    tell_left_out(layout, row, file);
    return true;
}

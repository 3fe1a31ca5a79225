/*
 * The three files of a data set: their columns, what each must hold, and where a file has them.
 */
#pragma once

#include "import/csv_reader.h"
#include "import/failure.h"

#include <stdbool.h>
#include <stddef.h>

enum { LAYOUT_COLUMNS_MAX = 8 };

/* What a column must hold. */
enum rule {
    RULE_ID,
    RULE_PARENT_ID,
    RULE_PRODUCT_ID,
    RULE_BODY,
    RULE_DATE,
    RULE_NAME,
    RULE_EMAIL,
    RULE_REPORTED,
    RULE_HELPFUL,
    RULE_URL
};

struct column {
    const char *name;
    enum rule rule;
};

struct layout {
    const char *file;
    const char *header; /* of a file that we write: all columns */
    const char *table;
    const char *parent_column; /* in table and file */
    const char *parent_table;  /* NULL when parents, the products, are not kept */
    size_t column_count;
    struct column columns[LAYOUT_COLUMNS_MAX];
    bool has_photo_urls; /* the table; after the file's columns */
    bool is_ranked;      /* the table: its large groups are kept in order */
};

/* In an order in which parents come first. */
enum { QUESTIONS_FILE, ANSWERS_FILE, PHOTOS_FILE, DATASET_FILES };
extern const struct layout layouts[DATASET_FILES];

/* Where a file has the columns of its layout. */
struct layout_header {
    char separator;
    size_t column_count; /* of every row */
    size_t positions[LAYOUT_COLUMNS_MAX];
};

/*
 * Reads the names of the columns, which may stand in any order, be in capitals and have blanks
 * around them. False when one is missing or there twice. Other columns are left out, and told on
 * standard error.
 */
__attribute__((warn_unused_result)) bool
layout_read_header(struct layout_header *header, const struct layout *layout,
                   const struct csv_row *row, const char *file, struct failure *failure);

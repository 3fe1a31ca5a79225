/*
 * The rows of an input file: CSV with commas, semicolons, tabs or bars between its fields, behind a
 * header.
 */
#pragma once

#include "import/input.h"
#include "import/layout.h"

/*
 * Looks at how the file begins: what separates its fields, and where it has the columns of the
 * layout. False, and the failure says what the file looks like instead, when it is none that could
 * be read. Columns that are left out are told on standard error.
 */
__attribute__((warn_unused_result)) bool rows_recognise(struct layout_header *header,
                                                        const struct layout *layout,
                                                        struct input *input,
                                                        struct failure *failure);

/* Begins the file anew, behind its header. NULL with a failure; else for csv_reader_free(). */
__attribute__((warn_unused_result)) struct csv_reader *
rows_begin(struct input *input, const struct layout_header *header, struct failure *failure);

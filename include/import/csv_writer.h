/*
 * Writes one CSV file (RFC 4180 quoting, lines ended by LF, as the public data set has them).
 *
 * Rows gather in a large buffer and go to NAME.tmp; the file gets its name only when it is
 * complete. Writing does not report failure row by row: the first error is kept, later output is
 * dropped, and the caller looks at `error` now and then. csv_writer_discard ends every writer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct csv_writer {
    char *path;           /* owned, as are the next two */
    char *temporary_path; /* NULL when there is no temporary file (any more) */
    char *buffer;
    size_t used; /* bytes in the buffer */
    int file;
    int error; /* errno of the first failure, 0 while all is well */
    bool row_started;
};

/* Creates DIRECTORY/NAME.tmp, with this mode less the umask, and writes the header line. On failure
 * `error` says why. */
__attribute__((warn_unused_result)) bool csv_writer_open(struct csv_writer *writer,
                                                         const char *directory, const char *name,
                                                         const char *header, mode_t mode);

/* The fields of a row, from left to right, then its end. */
void csv_write_number(struct csv_writer *writer, uint64_t number);
void csv_write_text(struct csv_writer *writer, const char *text, size_t length);
void csv_end_row(struct csv_writer *writer);

/* Writes out what is left in the buffer and closes the file. */
__attribute__((warn_unused_result)) bool csv_writer_close(struct csv_writer *writer);

/* Gives the closed file its name. */
__attribute__((warn_unused_result)) bool csv_writer_publish(struct csv_writer *writer);

/* Removes the file unless it was published, and frees everything. Harmless on a zeroed writer. */
void csv_writer_discard(struct csv_writer *writer);

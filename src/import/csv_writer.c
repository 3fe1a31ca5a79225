/* Buffered CSV output into a temporary file that is renamed when complete. */
#include "import/csv_writer.h"

#include "ops/number.h"
#include "ops/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 20,
    PIECE_BYTES = 1 << 16, /* of a long text, which go to the buffer one by one */
};

static bool keep_error(struct csv_writer *writer) {
    if (writer->error == 0) {
        writer->error = errno;
    }
    return false;
}

static void flush(struct csv_writer *writer) {
    if (writer->error == 0 && !write_all(writer->file, writer->buffer, writer->used)) {
        keep_error(writer);
    }
    writer->used = 0;
}

static void reserve(struct csv_writer *writer, size_t bytes) {
    if (writer->used + bytes > BUFFER_BYTES) {
        flush(writer);
    }
}

static void put(struct csv_writer *writer, const char *bytes, size_t length) {
    memcpy(writer->buffer + writer->used, bytes, length);
    writer->used += length;
}

static void begin_field(struct csv_writer *writer) {
    if (writer->row_started) {
        writer->buffer[writer->used++] = ',';
    }
    writer->row_started = true;
}

bool csv_writer_open(struct csv_writer *writer, const char *directory, const char *name,
                     const char *header, mode_t mode) {
    *writer = (struct csv_writer){.file = -1, .buffer = malloc(BUFFER_BYTES)};
    if (writer->buffer == NULL) {
        return keep_error(writer);
    }
    if (asprintf(&writer->path, "%s/%s", directory, name) < 0) {
        writer->path = NULL;
        return keep_error(writer);
    }
    char *temporary_path;
    if (asprintf(&temporary_path, "%s.tmp", writer->path) < 0) {
        return keep_error(writer);
    }
    unlink(temporary_path); /* another's might have another mode */
    writer->file = open(temporary_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (writer->file < 0) {
        keep_error(writer);
        free(temporary_path);
        return false;
    }
    writer->temporary_path = temporary_path;
    put(writer, header, strlen(header));
    csv_end_row(writer);
    return true;
}

void csv_write_number(struct csv_writer *writer, uint64_t number) {
    reserve(writer, 1 + NUMBER_DIGITS);
    begin_field(writer);
    writer->used += number_format(writer->buffer + writer->used, number);
}

static bool needs_quotes(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r') {
            return true;
        }
    }
    return false;
}

static void put_doubling_quotes(struct csv_writer *writer, const char *bytes, size_t length) {
    char *out = writer->buffer + writer->used;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '"') {
            *out++ = '"';
        }
        *out++ = bytes[i];
    }
    writer->used = (size_t)(out - writer->buffer);
}

void csv_write_text(struct csv_writer *writer, const char *text, size_t length) {
    bool quoted = needs_quotes(text, length);
    reserve(writer, 2);
    begin_field(writer);
    if (quoted) {
        put(writer, "\"", 1);
    }
    for (size_t piece; length > 0; text += piece, length -= piece) {
        piece = length < PIECE_BYTES ? length : PIECE_BYTES;
        reserve(writer, 2 * piece);
        if (quoted) {
            put_doubling_quotes(writer, text, piece);
        } else {
            put(writer, text, piece);
        }
    }
    if (quoted) {
        reserve(writer, 1);
        put(writer, "\"", 1);
    }
}

void csv_end_row(struct csv_writer *writer) {
    reserve(writer, 1);
    put(writer, "\n", 1);
    writer->row_started = false;
}

bool csv_writer_close(struct csv_writer *writer) {
    flush(writer);
    if (close(writer->file) != 0) {
        keep_error(writer);
    }
    writer->file = -1;
    return writer->error == 0;
}

bool csv_writer_publish(struct csv_writer *writer) {
    if (rename(writer->temporary_path, writer->path) != 0) {
        return keep_error(writer);
    }
    free(writer->temporary_path);
    writer->temporary_path = NULL;
    return true;
}

void csv_writer_discard(struct csv_writer *writer) {
    if (writer->temporary_path != NULL) {
        if (writer->file >= 0) {
            close(writer->file);
        }
        unlink(writer->temporary_path);
    }
    free(writer->temporary_path);
    free(writer->path);
    free(writer->buffer);
    *writer = (struct csv_writer){.file = -1};
}

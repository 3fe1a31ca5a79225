/*
 * An input file of an import: plain or gzip, a path or `-`, which is standard input. It can be read
 * twice: standard input is first copied, as it comes, to a temporary file without a name.
 */
#pragma once

#include "import/failure.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

struct input {
    const char *name; /* for messages; the caller's */
    gzFile file;
    int descriptor;          /* the file's */
    uint64_t size;           /* bytes on disk */
    _Atomic uint64_t read;   /* how many of them were read; any thread may look */
    struct failure *failure; /* where input_read() notes what went wrong; may be replaced */
};

/* After true input_close() is due. */
__attribute__((warn_unused_result)) bool input_open(struct input *input, const char *path,
                                                    struct failure *failure);

/* The same file from its beginning, with a place of its own. After true input_close() is due. */
__attribute__((warn_unused_result)) bool
input_open_again(struct input *again, const struct input *input, struct failure *failure);

/* A csv_source (import/csv_reader.h); `owner` is the input. */
ssize_t input_read(void *owner, char *buffer, size_t size);

/* Begins anew. */
__attribute__((warn_unused_result)) bool input_rewind(struct input *input);

void input_close(struct input *input);

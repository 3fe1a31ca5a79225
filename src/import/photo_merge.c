/* Reads the photos' file beside the answers'. */
#include "import/photo_merge.h"

#include "import/rows.h"

#include <stdlib.h>

enum { END_BYTES = 8 }; /* quotes, a separator and the closing bracket */

static bool advance(struct photo_merge *merge) {
    struct csv_row row;
    enum csv_result result;
    while ((result = csv_reader_next(merge->reader, &row)) == CSV_ROW) {
        if (record_read(&merge->next, &layouts[PHOTOS_FILE], merge->header, &row) == ROW_IS_GOOD) {
            return true;
        }
    }
    merge->is_whole = merge->is_whole && result == CSV_END;
    return false;
}

struct photo_merge *photo_merge_new(const struct input *photos, const struct layout_header *header,
                                    struct failure *failure) {
    struct photo_merge *merge = calloc(1, sizeof *merge);
    if (!merge) {
        failure_set(failure, "out of memory");
        return NULL;
    }
    merge->header = header;
    merge->is_whole = true;
    if (!input_open_again(&merge->input, photos, failure)) {
        free(merge);
        return NULL;
    }
    merge->reader = rows_begin(&merge->input, header, failure);
    if (!merge->reader) {
        photo_merge_free(merge);
        return NULL;
    }
    merge->has_next = advance(merge);
    return merge;
}

void photo_merge_free(struct photo_merge *merge) {
    if (merge) {
        csv_reader_free(merge->reader);
        input_close(&merge->input);
        free(merge);
    }
}

/* A URL has no control characters: only these two are escaped. Returns the new length. */
static size_t append(struct photo_merge *merge, size_t length, struct csv_text url) {
    if (length + 2 * url.length + END_BYTES > sizeof merge->json) {
        merge->is_whole = false;
        return length;
    }
    char *end = merge->json + length;
    if (length > 1) {
        *end++ = ',';
        *end++ = ' ';
    }
    *end++ = '"';
    for (size_t i = 0; i < url.length; i++) {
        if (url.bytes[i] == '"' || url.bytes[i] == '\\') {
            *end++ = '\\';
        }
        *end++ = url.bytes[i];
    }
    *end++ = '"';
    return (size_t)(end - merge->json);
}

struct csv_text photo_merge_urls(struct photo_merge *merge, int64_t answer_id) {
    size_t length = 0;
    merge->json[length++] = '[';
    while (merge->has_next &&
           merge->next.parent_id < answer_id) { /* of answers that are not here */
        merge->has_next = advance(merge);
    }
    while (merge->has_next && merge->next.parent_id == answer_id) {
        length = append(merge, length, merge->next.url);
        merge->has_next = advance(merge);
    }
    merge->json[length++] = ']';
    return (struct csv_text){.bytes = merge->json, .length = length};
}

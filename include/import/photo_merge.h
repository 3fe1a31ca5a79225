/*
 * Photo URLs for answers, from a second look at the photos' file while the answers are read: where
 * both files lie in the order of the answers, as they usually do, each answer is sent together with
 * the copy of its photos' URLs (sql/migrations/0004_photo_urls.sql), and none must be changed
 * later.
 */
#pragma once

#include "import/input.h"
#include "import/record.h"

enum { PHOTO_URLS_BYTES_MAX = 16 * 1024 };

struct photo_merge {
    const struct layout_header *header;
    struct input input;
    struct csv_reader *reader;
    struct import_record next; /* the next good row, if any; its texts are the reader's */
    bool has_next;
    bool is_whole; /* false when an answer's URLs had no room, or the file could not be read */
    char json[PHOTO_URLS_BYTES_MAX];
};

/* The photos' file and what is known of its header stay the caller's. NULL with a failure; else to
 * be freed. */
struct photo_merge *photo_merge_new(const struct input *photos, const struct layout_header *header,
                                    struct failure *failure);
void photo_merge_free(struct photo_merge *merge);

/*
 * The JSON array of the URLs of that answer's photos, as json_agg() would write it; valid until the
 * next call. It is right when the ids of these calls rise, and the photos' answers too.
 */
struct csv_text photo_merge_urls(struct photo_merge *merge, int64_t answer_id);

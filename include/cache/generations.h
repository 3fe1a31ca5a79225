/*
 * Generations: what makes the response caches of all workers coherent.
 *
 * A named file, mapped by every process of the host that serves or changes one database, holds a
 * counter for each product and each question (several share one: a hash says which) and one epoch
 * for all. Only atomics, no locks.
 *
 *   - Reading: first note the counter and the epoch, then look the page up, or send its query. A
 *     page is valid only for what was noted before its query was sent.
 *   - Writing: commit, then raise the counters of all that was touched, then answer the client.
 *   - Where a commit may have happened without its counters being raised (a worker died, a
 *     connection broke): raise the epoch at once, and again when the orphaned server process must
 *     have ended.
 *
 * So a page that is answered after a write has been acknowledged is never older than the write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generations;

/* The epoch is raised again so long after the statement timeout, by which an orphaned statement has
 * ended and a second covers the way there. A commit that itself takes longer, say because a
 * synchronous standby is away, is covered only by the expiry of pages. */
enum { GENERATIONS_ORPHAN_MARGIN_MS = 1000 };

enum subject { SUBJECT_PRODUCT, SUBJECT_QUESTION };

/* What is noted before a page is looked up or made. Equal ones are interchangeable. */
struct generation {
    uint64_t counter;
    uint64_t epoch;
};

/* Opens the file, and makes it and its folder where they are missing. Its descriptor, closed on
 * exec, or -1 with one line in `error`. */
int generations_file_open(const char *path, char *error, size_t error_size);

/* Maps an open file. NULL, with one line in `error`, when it is not of this layout. */
struct generations *generations_map(int descriptor, char *error, size_t error_size);

void generations_unmap(struct generations *generations);

/* The counter of a product or a question. */
size_t generations_slot(enum subject subject, int64_t id);

struct generation generations_note(const struct generations *generations, size_t slot);

bool generation_equal(struct generation a, struct generation b);

/* Makes every page of that counter invalid, on every worker. */
void generations_raise(struct generations *generations, size_t slot);

/* Makes every page invalid. */
void generations_raise_epoch(struct generations *generations);

/*
 * The same for a command that has changed the database: by the file's path. Without the file there
 * is no service on this host to tell. False, with one line in `error`, when it cannot be told; its
 * pages are then old until they expire.
 */
bool generations_tell(const char *path, char *error, size_t error_size);

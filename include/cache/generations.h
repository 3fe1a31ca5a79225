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
 *   - Where a commit may have happened, or may happen yet, without its counters being raised (a
 *     worker died, a connection broke): declare a doubt. It notes the time in the file, then raises
 *     the epoch, so that every page is made anew.
 *   - A page that is made after a doubt may still be older than an orphaned commit. So it is kept
 *     only as long again as the doubt was old, or a second: generations_trust_ms().
 *
 * So a page that is answered after a write has been acknowledged is never older than the write. And
 * an orphaned commit, whether it takes milliseconds or minutes, shows at the latest when about as
 * long again has passed, or a second: a page made before it was made while the doubt was younger.
 *
 * A doubt needs nobody to come back to it; once declared it outlives who declared it. What remains
 * is to declare it for those who cannot: a supervisor does it for a worker that did not end
 * cleanly, and at its own start. For a supervisor that was killed, with its workers or not, the
 * others that share the file do it: each has a seat there, and beats (generations_beat). One that
 * fell silent without having left is taken for killed.
 *
 * All times are of clock_ms().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generations;

enum {
    GENERATIONS_LEAST_TRUST_MS = 1000, /* a page is always kept so long: most orphans end sooner */
    GENERATIONS_SILENT_AFTER_MS = 5000 /* a service that has not beaten for so long is dead */
};

enum subject { SUBJECT_PRODUCT, SUBJECT_QUESTION };

/* What is noted before a page is looked up or made. Equal ones are interchangeable. */
struct generation {
    uint64_t counter;
    uint64_t epoch;
};

/* Opens the file, and makes it and its folder where they are missing. Its descriptor, closed on
 * exec, or -1 with one line in `error`. */
int generations_file_open(const char *path, char *error, size_t error_size);

/* Maps an open file, all of which is taken from the file system first: a disk that fills up later
 * does no harm. NULL, with one line in `error`, when there is no room or it is not of this layout.
 */
struct generations *generations_map(int descriptor, char *error, size_t error_size);

void generations_unmap(struct generations *generations);

/* From now on this process survives that the file is cut while it uses the mapping: all of that is
 * then memory of its own, until generations_restore(). For a supervisor: a worker must die of it,
 * as nobody would see what it raises. Of one mapping in a process, until generations_unmap(). */
__attribute__((warn_unused_result)) bool generations_guard(struct generations *generations);

/* The counter of a product or a question. */
size_t generations_slot(enum subject subject, int64_t id);

struct generation generations_note(const struct generations *generations, size_t slot);

bool generation_equal(struct generation a, struct generation b);

/* Whether `a` was noted after something had been raised that `b` does not know. */
bool generation_is_newer(struct generation a, struct generation b);

/* Makes every page of that counter invalid, on every worker. */
void generations_raise(struct generations *generations, size_t slot);

/* Declares a doubt, which makes every page invalid. */
void generations_doubt(struct generations *generations, int64_t now_ms);

/* How long a page may be kept whose generation has just been noted: ask after generations_note(),
 * or a doubt in between is missed. */
int64_t generations_trust_ms(const struct generations *generations, int64_t now_ms);

/* A supervisor's seat among those that use the file; all zeros: none yet. */
struct generations_seat {
    size_t index;
    int64_t beat_ms;
};

/* Takes a seat or keeps it, at least once a second, and looks after the others. True when one of
 * them had fallen silent, for which a doubt has been declared. */
bool generations_beat(struct generations *generations, struct generations_seat *seat,
                      int64_t now_ms);

/* Leaves, when all workers have ended and a doubt was declared for each that ended uncleanly. */
void generations_leave(struct generations *generations, const struct generations_seat *seat);

/* What has become of the file of an open descriptor. */
enum generations_file {
    GENERATIONS_FILE_KEPT,
    GENERATIONS_FILE_LOST, /* the path names another file, or none: who opens it shares nothing */
    GENERATIONS_FILE_CUT   /* it was truncated: a worker that touches what is missing dies of
                            * SIGBUS, and who is guarded no longer uses the file */
};

enum generations_file generations_file_look(const struct generations *generations, const char *path,
                                            int descriptor);

/* Makes a truncated file whole, so that all that was noted in it before counts for nothing:
 * `epoch` is the last that is known. False, with one line in `error`, when that fails; it is to be
 * tried again then. */
__attribute__((warn_unused_result)) bool generations_restore(struct generations *generations,
                                                             int descriptor, uint64_t epoch,
                                                             char *error, size_t error_size);

enum generations_told {
    GENERATIONS_TOLD,
    GENERATIONS_NOBODY, /* no service that lives shares that file */
    GENERATIONS_UNTOLD  /* the file cannot be used, with one line in `error` */
};

/* Declares a doubt for a command that changes the database: by the file's path. Who was not told
 * has old pages until they expire. */
enum generations_told generations_tell(const char *path, char *error, size_t error_size);

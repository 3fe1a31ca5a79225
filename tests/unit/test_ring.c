/* The pages that workers share. */
#include "pages/ring.h"
#include "scratch.h"
#include "suites.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEGABYTE = 1024 * 1024, LIFETIME_MS = 1000 };

static const struct version now_noted = {.counter = 7, .epoch = 3};
static int descriptor;
static struct ring *pages;

static void make_pages(void) {
    descriptor = ring_create(1);
    ck_assert_int_ge(descriptor, 0);
    pages = ring_map(descriptor);
    ck_assert_ptr_nonnull(pages);
}

static void free_pages(void) {
    ring_unmap(pages);
    close(descriptor);
}

static struct page_key key_of(int64_t id) {
    return (struct page_key){.kind = 1, .id = id, .page = 1, .count = 5};
}

/* A body is a number again and again, which tells its page and its length. */
static uint64_t pattern(int64_t id, size_t length) {
    return (uint64_t)id << 32 ^ length * 2654435761;
}

static void store(int64_t id, size_t length) {
    uint64_t *body = malloc(length + sizeof *body);
    for (size_t i = 0; i <= length / sizeof *body; i++) {
        body[i] = pattern(id, length);
    }
    const struct page_key key = key_of(id);
    ring_store(pages, &key, now_noted, body, length, LIFETIME_MS);
    free(body);
}

static bool find(int64_t id, struct ring_page *found) {
    const struct page_key key = key_of(id);
    return ring_find(pages, &key, now_noted, 0, found);
}

static bool is_there(int64_t id) {
    struct ring_page found;
    bool ok = find(id, &found);
    if (ok) {
        free(found.body);
    }
    return ok;
}

/* What is found must be whole: of one page, and of one version of it. */
static void assert_whole(int64_t id, const struct ring_page *found, size_t length) {
    const unsigned char *bytes = found->body;
    ck_assert_uint_eq(found->length, length);
    /* The pattern at the beginning, and from there on what was eight bytes before. */
    const uint64_t expected = pattern(id, length);
    const size_t first = length < sizeof expected ? length : sizeof expected;
    ck_assert_mem_eq(bytes, &expected, first);
    ck_assert_mem_eq(bytes + first, bytes, length - first);
    free(found->body);
}

START_TEST(a_page_is_found_as_it_was_stored) {
    static const size_t lengths[] = {0, 1, 63, 64, 65, 1000, 1700, 30000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t id = INT64_C(0x0102030405060708) * (int64_t)(i + 1);
        ck_assert(!is_there(id));
        store(id, lengths[i]);
        struct ring_page found;
        ck_assert(find(id, &found));
        ck_assert_int_eq(found.expires_ms, LIFETIME_MS);
        assert_whole(id, &found, lengths[i]);
    }
}
END_TEST

START_TEST(a_page_is_found_by_who_maps_the_memory_too) {
    store(1, 1000);
    struct ring *others = ring_map(descriptor);
    ck_assert_ptr_nonnull(others);
    const struct page_key key = key_of(1);
    struct ring_page found;
    ck_assert(ring_find(others, &key, now_noted, 0, &found));
    assert_whole(1, &found, 1000);
    ring_unmap(others);
}
END_TEST

START_TEST(every_part_of_a_key_counts) {
    store(1, 1000);
    const struct page_key others[] = {
        {.kind = 0, .id = 1, .page = 1, .count = 5},
        {.kind = 1, .id = 2, .page = 1, .count = 5},
        {.kind = 1, .id = 1, .page = 2, .count = 5},
        {.kind = 1, .id = 1, .page = 1, .count = 6},
    };
    struct ring_page found;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!ring_find(pages, &others[i], now_noted, 0, &found));
    }
    ck_assert(is_there(1));
}
END_TEST

START_TEST(a_page_is_found_under_its_version_only) {
    store(1, 1000);
    const struct version others[] = {{8, 3}, {6, 3}, {7, 4}, {7, 2}, {3, 7}, {0, 0}};
    const struct page_key key = key_of(1);
    struct ring_page found;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!ring_find(pages, &key, others[i], 0, &found));
    }
    ck_assert(is_there(1));
}
END_TEST

START_TEST(a_page_expires) {
    store(1, 1000);
    const struct page_key key = key_of(1);
    struct ring_page found;
    ck_assert(ring_find(pages, &key, now_noted, LIFETIME_MS - 1, &found));
    assert_whole(1, &found, 1000);
    ck_assert(!ring_find(pages, &key, now_noted, LIFETIME_MS, &found));
}
END_TEST

START_TEST(pages_that_are_made_anew_need_no_more_memory) {
    store(1, 1000);
    for (int times = 0; times < 5 * MEGABYTE / 1000; times++) {
        store(2, 1000 - (size_t)times % 50);
    }
    ck_assert(is_there(1));
    for (size_t length = 500; length < 50000; length += 64) { /* each needs more than the last */
        store(3, length);
        ck_assert(is_there(3));
    }
    ck_assert(!is_there(1));
}
END_TEST

START_TEST(a_page_takes_the_place_of_its_predecessor) {
    const struct page_key key = key_of(1);
    for (size_t length = 1; length < 500; length++) {
        store(1, length);
        struct ring_page found;
        ck_assert(ring_find(pages, &key, now_noted, 0, &found));
        assert_whole(1, &found, length);
    }
    const struct version newer = {now_noted.counter + 1, now_noted.epoch};
    ring_store(pages, &key, newer, "new", 3, LIFETIME_MS);
    struct ring_page found;
    ck_assert(ring_find(pages, &key, newer, 0, &found));
    ck_assert_mem_eq(found.body, "new", 3);
    free(found.body);
    ck_assert(!is_there(1));
}
END_TEST

START_TEST(the_oldest_leave_first) {
    enum { LENGTH = 5000, ROUNDS = 20, FIT = MEGABYTE / (LENGTH + 2 * 128) };
    int64_t last = ROUNDS * FIT;
    for (int64_t id = 1; id <= last; id++) {
        store(id, LENGTH);
        struct ring_page found;
        ck_assert(find(id, &found));
        assert_whole(id, &found, LENGTH);
    }
    int kept = 0;
    for (int64_t id = 1; id <= last; id++) {
        bool is_kept = is_there(id);
        kept += is_kept;
        ck_assert(!is_kept || id > last - FIT - 10);
        ck_assert(is_kept || id < last - FIT * 8 / 10); /* or its set is full */
    }
    ck_assert_int_le(kept * LENGTH, MEGABYTE);
}
END_TEST

START_TEST(small_pages_fill_the_memory_too) {
    enum { COUNT = 2000 };
    for (int64_t id = 1; id <= COUNT; id++) {
        store(id, 400);
    }
    int kept = 0;
    for (int64_t id = 1; id <= COUNT; id++) {
        kept += is_there(id);
    }
    ck_assert_int_ge(kept, COUNT * 8 / 10);
}
END_TEST

START_TEST(a_page_larger_than_a_16th_is_not_kept) {
    store(1, MEGABYTE / 16 - 100);
    ck_assert(is_there(1));
    store(2, MEGABYTE / 16);
    ck_assert(!is_there(2));
    ck_assert(is_there(1));
}
END_TEST

/* Where the only page's record begins: behind a unit of sizes, of which the first is the number of
 * the table's units, and the table. */
static off_t first_record(void) {
    uint64_t table_units;
    ck_assert_int_eq(pread(descriptor, &table_units, sizeof table_units, 0),
                     (ssize_t)sizeof table_units);
    return (off_t)(1 + table_units) * 64;
}

START_TEST(a_page_of_which_any_byte_was_written_over_is_not_found) {
    enum { LENGTH = 200, RECORD = 72 + LENGTH };
    store(1, LENGTH);
    off_t begin = first_record();
    for (off_t at = begin; at < begin + RECORD; at++) {
        unsigned char byte;
        ck_assert_int_eq(pread(descriptor, &byte, 1, at), 1);
        const unsigned char changed = byte ^ 0x10;
        ck_assert_int_eq(pwrite(descriptor, &changed, 1, at), 1);
        ck_assert_msg(!is_there(1), "byte %d does not count", (int)(at - begin));
        ck_assert_int_eq(pwrite(descriptor, &byte, 1, at), 1);
    }
    ck_assert(is_there(1));
}
END_TEST

/* Stores pages of all sizes until it is killed, and counts them. */
static void write_for_ever(int64_t first, atomic_long *stored) {
    for (int64_t i = 0;; i++) {
        store(first + i % 200, (size_t)(i * 7919 % 20000));
        atomic_fetch_add(stored, 1);
    }
}

/* Looks for all pages; how many there were. */
static int find_whole_pages(int64_t last) {
    int found_pages = 0;
    for (int64_t id = 1; id <= last; id++) {
        struct ring_page found;
        if (find(id, &found)) {
            found_pages++;
            assert_whole(id, &found, found.length);
        }
    }
    return found_pages;
}

/* Counts what is written and found, and no time: however little of the processor each process gets,
 * a writer is killed only after it and the reader have done their part. */
START_TEST(readers_find_whole_pages_only_while_writers_write_and_are_killed) {
    enum { WRITERS = 3, KILLS = 60, LAST_ID = 300, STORED_BETWEEN = 400, FOUND_BETWEEN = 400 };
    atomic_long *stored = mmap(NULL, WRITERS * sizeof *stored, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(stored, MAP_FAILED);
    pid_t writers[WRITERS] = {0};
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        const int number = kill_number % WRITERS;
        if (writers[number]) {
            kill(writers[number], SIGKILL);
            waitpid(writers[number], NULL, 0);
        }
        atomic_store(&stored[number], 0);
        writers[number] = fork();
        ck_assert_int_ge(writers[number], 0);
        if (writers[number] == 0) {
            write_for_ever(kill_number % 2 ? 1 : 101, &stored[number]);
        }
        const int next = (kill_number + 1) % WRITERS; /* to be killed */
        for (int found_pages = 0; found_pages < FOUND_BETWEEN ||
                                  atomic_load(&stored[number]) < STORED_BETWEEN ||
                                  (writers[next] && atomic_load(&stored[next]) < STORED_BETWEEN);) {
            found_pages += find_whole_pages(LAST_ID);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        kill(writers[i], SIGKILL);
        waitpid(writers[i], NULL, 0);
    }
    munmap(stored, WRITERS * sizeof *stored);
    store(1000, 5000);
    ck_assert(is_there(1000));
}
END_TEST

/* The memory, moved to a file system that has room for the table and 200 KB of the pages. */
START_TEST(where_memory_is_out_a_page_is_not_kept_and_nobody_dies) {
    enum { ROOM = 200 * 1000, LENGTH = 1000 };
    const size_t table_end = (size_t)first_record();
    char *table = malloc(table_end);
    ck_assert_int_eq(pread(descriptor, table, table_end, 0), (ssize_t)table_end);
    if (!scratch_mount_small("small", table_end + ROOM)) {
        free(table);
        return;
    }
    free_pages();
    descriptor = open(scratch_path("small/pages"), O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(write(descriptor, table, table_end), (ssize_t)table_end);
    ck_assert_int_eq(ftruncate(descriptor, (off_t)table_end + MEGABYTE), 0);
    free(table);
    pages = ring_map(descriptor);
    ck_assert_ptr_nonnull(pages);
    int kept = 0;
    for (int64_t id = 1; id <= 500; id++) {
        store(id, LENGTH);
        kept += is_there(id);
    }
    ck_assert_int_ge(kept, ROOM / LENGTH * 7 / 10);
    ck_assert_int_le(kept, ROOM / LENGTH);
    ck_assert(is_there(1));
}
END_TEST

Suite *ring_suite(void) {
    Suite *suite = suite_create("ring");
    TCase *cases = tcase_create("ring");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, make_pages, free_pages);
    tcase_add_test(cases, a_page_is_found_as_it_was_stored);
    tcase_add_test(cases, a_page_is_found_by_who_maps_the_memory_too);
    tcase_add_test(cases, every_part_of_a_key_counts);
    tcase_add_test(cases, a_page_is_found_under_its_version_only);
    tcase_add_test(cases, a_page_expires);
    tcase_add_test(cases, a_page_takes_the_place_of_its_predecessor);
    tcase_add_test(cases, pages_that_are_made_anew_need_no_more_memory);
    tcase_add_test(cases, the_oldest_leave_first);
    tcase_add_test(cases, small_pages_fill_the_memory_too);
    tcase_add_test(cases, a_page_larger_than_a_16th_is_not_kept);
    tcase_add_test(cases, a_page_of_which_any_byte_was_written_over_is_not_found);
    tcase_add_test(cases, readers_find_whole_pages_only_while_writers_write_and_are_killed);
    tcase_add_test(cases, where_memory_is_out_a_page_is_not_kept_and_nobody_dies);
    suite_add_tcase(suite, cases);
    return suite;
}

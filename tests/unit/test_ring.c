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
#include <xxhash.h>

enum { MEGABYTE = 1024 * 1024, LIFETIME_MS = 1000, LONGEST = 100 * 1000, RECORD_BYTES = 144 };

static const struct version now_noted = {.counter = 7, .epoch = 3};
static int descriptor;
static struct ring pages;

static void map_pages(void) {
    void *region = mmap(NULL, ring_bytes(1), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ck_assert_ptr_ne(region, MAP_FAILED);
    ck_assert(ring_attach(&pages, region, ring_bytes(1), descriptor, 0));
}

static void make_pages(void) {
    descriptor = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(descriptor, (off_t)ring_bytes(1)), 0);
    map_pages();
}

static void free_pages(void) {
    munmap(pages.region, ring_bytes(1));
    close(descriptor);
}

static struct page_key key_of(int64_t id) {
    return (struct page_key){.kind = 1, .id = id, .page = 1, .count = 5};
}

/* A body is a number again and again, which tells its page and its length. */
static uint64_t pattern(int64_t id, size_t length) {
    return (uint64_t)id << 32 ^ length * 2654435761;
}

static void fill(void *body, int64_t id, size_t length) {
    const uint64_t number = pattern(id, length);
    for (size_t i = 0; i < length; i++) {
        ((unsigned char *)body)[i] = ((const unsigned char *)&number)[i % sizeof number];
    }
}

static void store_as(struct version version, int64_t id, size_t length, size_t gzip_length) {
    static unsigned char plain[LONGEST], gzip[LONGEST];
    fill(plain, id, length);
    fill(gzip, -id, gzip_length);
    const struct page_key key = key_of(id);
    const struct ring_page page = {.hash = entity_hash_of(plain, length),
                                   .length = {length, gzip_length},
                                   .expires_ms = LIFETIME_MS};
    ring_store(&pages, &key, version, &page, (const void *const[]){plain, gzip});
}

static void store(int64_t id, size_t length) {
    store_as(now_noted, id, length, 0);
}

static bool find_as(struct version version, int64_t id, struct ring_page *found) {
    const struct page_key key = key_of(id);
    return ring_find(&pages, &key, version, 0, found);
}

static bool find(int64_t id, struct ring_page *found) {
    return find_as(now_noted, id, found);
}

/* Copies a form, which must be of one page, and of one version of it, or false. */
static bool is_whole(const struct ring *ring, int64_t id, const struct ring_page *found,
                     enum ring_form form) {
    static unsigned char body[LONGEST], expected[LONGEST];
    ck_assert_uint_le(found->length[form], LONGEST);
    if (!ring_copy(ring, found, form, body)) {
        return false;
    }
    fill(expected, form == RING_GZIP ? -id : id, found->length[form]);
    ck_assert_mem_eq(body, expected, found->length[form]);
    return true;
}

static bool is_there(int64_t id) {
    struct ring_page found;
    return find(id, &found) && is_whole(&pages, id, &found, RING_PLAIN);
}

static void assert_found(int64_t id, size_t length, size_t gzip_length) {
    struct ring_page found;
    ck_assert(find(id, &found));
    ck_assert_int_eq(found.expires_ms, LIFETIME_MS);
    ck_assert(!found.gzip_is_no_shorter);
    ck_assert_uint_eq(found.length[RING_PLAIN], length);
    ck_assert_uint_eq(found.length[RING_GZIP], gzip_length);
    ck_assert(is_whole(&pages, id, &found, RING_PLAIN));
    ck_assert(gzip_length == 0 || is_whole(&pages, id, &found, RING_GZIP));
}

START_TEST(a_page_is_found_as_it_was_stored) {
    static const size_t lengths[] = {0, 1, 7, 8, 9, 63, 64, 65, 1000, 1700, 30000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t id = INT64_C(0x0102030405060708) * (int64_t)(i + 1);
        ck_assert(!is_there(id));
        store(id, lengths[i]);
        assert_found(id, lengths[i], 0);
    }
}
END_TEST

START_TEST(its_gzip_form_is_found_with_it) {
    static const size_t lengths[] = {1, 7, 8, 55, 56, 57, 1000, 30000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t id = (int64_t)i + 1;
        store_as(now_noted, id, 30000, lengths[i]);
        assert_found(id, 30000, lengths[i]);
    }
}
END_TEST

START_TEST(a_gzip_form_can_be_added_and_is_there_until_the_page_changes) {
    const struct version newer = {now_noted.counter + 1, now_noted.epoch};
    store(1, 2000);
    store(2, 2000);
    store_as(now_noted, 1, 2000, 500);
    assert_found(1, 2000, 500);
    assert_found(2, 2000, 0);
    store_as(newer, 1, 2000, 0);
    struct ring_page found;
    ck_assert(find_as(newer, 1, &found));
    ck_assert_uint_eq(found.length[RING_GZIP], 0);
}
END_TEST

START_TEST(that_gzip_is_no_shorter_is_remembered) {
    const struct page_key key = key_of(1);
    const struct ring_page page = {.hash = entity_hash_of("page", 4),
                                   .length = {4},
                                   .gzip_is_no_shorter = true,
                                   .expires_ms = LIFETIME_MS};
    ring_store(&pages, &key, now_noted, &page, (const void *const[]){"page", NULL});
    struct ring_page found;
    ck_assert(find(1, &found));
    ck_assert(found.gzip_is_no_shorter);
    ck_assert_uint_eq(found.length[RING_GZIP], 0);
    char body[4];
    ck_assert(ring_copy(&pages, &found, RING_PLAIN, body));
    ck_assert_mem_eq(body, "page", 4);
}
END_TEST

START_TEST(the_hash_of_a_page_is_known_without_its_body) {
    store(1, 1000);
    unsigned char body[1000];
    fill(body, 1, sizeof body);
    struct ring_page found;
    ck_assert(find(1, &found));
    char tag[ENTITY_TAG_SIZE], expected[ENTITY_TAG_SIZE];
    entity_tag_write(found.hash, tag);
    entity_tag_write(entity_hash_of(body, sizeof body), expected);
    ck_assert_str_eq(tag, expected);
}
END_TEST

/* As NGINX has it: who only reads cannot write, and needs no descriptor. */
START_TEST(a_page_is_found_by_who_maps_the_memory_for_reading) {
    store_as(now_noted, 1, 1000, 300);
    size_t bytes = ring_bytes(1);
    void *region = mmap(NULL, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    ck_assert_ptr_ne(region, MAP_FAILED);
    struct ring readers;
    ck_assert(ring_attach(&readers, region, bytes, -1, 0));
    const struct page_key key = key_of(1);
    struct ring_page found;
    ck_assert(ring_find(&readers, &key, now_noted, 0, &found));
    ck_assert(is_whole(&readers, 1, &found, RING_PLAIN));
    ck_assert(is_whole(&readers, 1, &found, RING_GZIP));
    munmap(region, bytes);
}
END_TEST

START_TEST(a_ring_lies_anywhere_in_a_memory) {
    enum { BEFORE = 3 * 4096, AFTER = 4096 };
    size_t bytes = ring_bytes(1), all = BEFORE + bytes + AFTER;
    free_pages();
    descriptor = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(descriptor, (off_t)all), 0);
    unsigned char *memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    ck_assert(ring_attach(&pages, memory + BEFORE, bytes, descriptor, BEFORE));
    for (int64_t id = 1; id <= 1000; id++) {
        store_as(now_noted, id, 3000, 700);
        assert_found(id, 3000, 700);
    }
    for (size_t i = 0; i < all; i = i + 1 == BEFORE ? BEFORE + bytes : i + 1) {
        ck_assert_uint_eq(memory[i], 0);
    }
    munmap(memory, all);
    make_pages(); /* for free_pages() */
}
END_TEST

START_TEST(a_region_that_is_too_small_is_refused) {
    static _Alignas(64) unsigned char region[4096];
    struct ring ring;
    ck_assert(!ring_attach(&ring, region, 0, -1, 0));
    ck_assert(!ring_attach(&ring, region, 64, -1, 0));
    ck_assert(!ring_attach(&ring, region, 128 + 15 * 64, -1, 0));
    ck_assert(ring_attach(&ring, region, 128 + 16 * 64, -1, 0));
}
END_TEST

/* Makes a ring at whose end the memory of this process ends. */
static void move_pages_to_the_end_of_memory(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = ring_bytes(1);
    size_t before = page - bytes % page;
    free_pages();
    descriptor = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(descriptor, (off_t)(before + bytes)), 0);
    unsigned char *memory =
        mmap(NULL, before + bytes + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    ck_assert_ptr_eq(
        mmap(memory, before + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0),
        memory);
    ck_assert(ring_attach(&pages, memory + before, bytes, descriptor, (off_t)before));
}

/* The word of the only page. */
static uint64_t *word_of_page(void) {
    uint64_t *word = (uint64_t *)pages.region + 8;
    while (*word == 0) {
        word++;
    }
    return word;
}

START_TEST(a_word_that_points_anywhere_is_harmless) {
    move_pages_to_the_end_of_memory();
    store_as(now_noted, 1, 3000, 700);
    uint64_t *word = word_of_page(), right = *word;
    for (uint64_t i = 1; i < 2 * pages.unit_count; i++) {
        *word = right + i;
        struct ring_page found;
        ck_assert(!find(1, &found) || i == pages.unit_count);
    }
    *word = right;
    assert_found(1, 3000, 700);
}
END_TEST

/* A header that is right in itself, of a record that would end behind the ring. */
START_TEST(no_length_leads_out_of_the_region) {
    move_pages_to_the_end_of_memory();
    store_as(now_noted, 1, 100, 50);
    enum { LENGTHS = 13, UNITS_TO_THE_END = 4 };
    unsigned char *first = (unsigned char *)pages.region + ring_head_bytes(1);
    uint64_t *last = (uint64_t *)(first + (pages.unit_count - UNITS_TO_THE_END) * 64);
    *word_of_page() += pages.unit_count - UNITS_TO_THE_END;
    memcpy(last, first, RECORD_BYTES);
    const uint64_t rest = UNITS_TO_THE_END * 64 - RECORD_BYTES;
    const uint64_t lengths[][2] = {
        {rest, 0},           {rest - 1, 1},          {0, rest},          {rest + 1, 0},
        {rest, 1},           {0, rest + 1},          {UINT64_MAX, 0},    {UINT64_MAX - 50, 100},
        {0, UINT64_MAX - 1}, {INT64_MAX, INT64_MAX}, {1, UINT64_MAX - 1}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memcpy(&last[LENGTHS], lengths[i], sizeof lengths[i]);
        *last = XXH3_64bits(last + 1, RECORD_BYTES - sizeof *last);
        struct ring_page found;
        ck_assert_int_eq(find(1, &found), i < 3);
        for (enum ring_form form = RING_PLAIN; i < 3 && form < RING_FORMS; form++) {
            ck_assert(!is_whole(&pages, 1, &found, form) || found.length[form] == 0);
        }
    }
}
END_TEST

START_TEST(every_part_of_a_key_counts) {
    store(1, 1000);
    const struct page_key others[] = {
        {.kind = 0, .id = 1, .page = 1, .count = 5}, {.kind = 1, .id = 2, .page = 1, .count = 5},
        {.kind = 1, .id = 1, .page = 2, .count = 5}, {.kind = 1, .id = 1, .page = 1, .count = 6},
        {.kind = 1, .id = 1, .page = 5, .count = 1},
    };
    struct ring_page found;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!ring_find(&pages, &others[i], now_noted, 0, &found));
    }
    ck_assert(is_there(1));
}
END_TEST

START_TEST(a_page_is_found_under_its_version_only) {
    store(1, 1000);
    const struct version others[] = {{8, 3}, {6, 3}, {7, 4}, {7, 2}, {3, 7}, {0, 0}};
    struct ring_page found;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!find_as(others[i], 1, &found));
    }
    ck_assert(is_there(1));
}
END_TEST

START_TEST(each_edition_has_pages_of_its_own) {
    for (pages.edition = 1; pages.edition <= 3; pages.edition++) {
        ck_assert(!is_there(1));
        store(1, 1000 + pages.edition);
    }
    for (pages.edition = 1; pages.edition <= 3; pages.edition++) {
        assert_found(1, 1000 + pages.edition, 0);
    }
}
END_TEST

START_TEST(a_page_expires) {
    store(1, 1000);
    const struct page_key key = key_of(1);
    struct ring_page found;
    ck_assert(ring_find(&pages, &key, now_noted, LIFETIME_MS - 1, &found));
    ck_assert(!ring_find(&pages, &key, now_noted, LIFETIME_MS, &found));
}
END_TEST

START_TEST(a_version_that_comes_late_leaves_the_newer_page_in_place) {
    const struct version older[] = {{now_noted.counter - 1, now_noted.epoch},
                                    {now_noted.counter, now_noted.epoch - 1}};
    store(1, 1000);
    for (size_t i = 0; i < 2; i++) {
        struct ring_page found;
        store_as(older[i], 1, 500, 0);
        ck_assert(!find_as(older[i], 1, &found));
        assert_found(1, 1000, 0);
    }
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

START_TEST(a_page_that_once_was_longer_keeps_its_room) {
    store_as(now_noted, 1, 1000, 300);
    store(2, 1000);
    for (int times = 0; times < 5 * MEGABYTE / 1000; times++) {
        store_as(now_noted, 1, 1000, times % 2 ? 300 : 0);
    }
    ck_assert(is_there(2));
}
END_TEST

START_TEST(a_page_takes_the_place_of_its_predecessor) {
    for (size_t length = 1; length < 500; length++) {
        store(1, length);
        assert_found(1, length, 0);
    }
    const struct version newer = {now_noted.counter + 1, now_noted.epoch};
    store_as(newer, 1, 3, 0);
    struct ring_page found;
    ck_assert(find_as(newer, 1, &found));
    ck_assert(is_whole(&pages, 1, &found, RING_PLAIN));
    ck_assert(!is_there(1));
}
END_TEST

START_TEST(what_was_found_and_written_over_since_is_not_copied) {
    const struct version newer = {now_noted.counter + 1, now_noted.epoch};
    struct ring_page found;
    store_as(now_noted, 1, 1000, 300);
    ck_assert(find(1, &found));
    store_as(newer, 1, 999, 300);
    ck_assert(!is_whole(&pages, 1, &found, RING_PLAIN));
    ck_assert(!is_whole(&pages, 1, &found, RING_GZIP));
}
END_TEST

START_TEST(the_oldest_leave_first) {
    enum { LENGTH = 5000, ROUNDS = 20, FIT = MEGABYTE / (LENGTH + 2 * 128) };
    int64_t last = ROUNDS * FIT;
    for (int64_t id = 1; id <= last; id++) {
        store(id, LENGTH);
        assert_found(id, LENGTH, 0);
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
    store(1, MEGABYTE / 16 - RECORD_BYTES);
    ck_assert(is_there(1));
    store(2, MEGABYTE / 16);
    ck_assert(!is_there(2));
    ck_assert(is_there(1));
    store_as(now_noted, 3, MEGABYTE / 16 - RECORD_BYTES, MEGABYTE / 17); /* with its gzip form */
    assert_found(3, MEGABYTE / 16 - RECORD_BYTES, MEGABYTE / 17);
}
END_TEST

/* Of a byte that counts, the page or the form of it is not found when it changes. */
START_TEST(a_page_of_which_any_byte_was_written_over_is_not_found) {
    enum { LENGTH = 200, GZIP_LENGTH = 90, PLAIN_END = RECORD_BYTES + LENGTH };
    store_as(now_noted, 1, LENGTH, GZIP_LENGTH);
    unsigned char *record = (unsigned char *)pages.region + ring_head_bytes(1);
    for (size_t at = 0; at < PLAIN_END + GZIP_LENGTH; at++) {
        struct ring_page found;
        record[at] ^= 0x10;
        if (at < RECORD_BYTES) {
            ck_assert_msg(!find(1, &found), "byte %zu does not count", at);
        } else {
            ck_assert(find(1, &found));
            bool is_plain = at < PLAIN_END;
            ck_assert_int_eq(is_whole(&pages, 1, &found, RING_PLAIN), !is_plain);
            ck_assert_int_eq(is_whole(&pages, 1, &found, RING_GZIP), is_plain);
        }
        record[at] ^= 0x10;
    }
    assert_found(1, LENGTH, GZIP_LENGTH);
}
END_TEST

/* Stores pages of all sizes until it is killed, and counts them. */
static void write_for_ever(int64_t first, atomic_long *stored) {
    for (int64_t i = 0;; i++) {
        size_t length = (size_t)(i * 7919 % 20000);
        store_as(now_noted, first + i % 200, length, i % 3 ? length / 4 : 0);
        atomic_fetch_add(stored, 1);
    }
}

/* Looks for all pages; how many there were. */
static int find_whole_pages(int64_t last) {
    int found_pages = 0;
    for (int64_t id = 1; id <= last; id++) {
        struct ring_page found;
        found_pages += find(id, &found) && is_whole(&pages, id, &found, RING_PLAIN) &&
                       (found.length[RING_GZIP] == 0 || is_whole(&pages, id, &found, RING_GZIP));
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

/* On a file system that has room for the table and 200 KB of the pages. */
START_TEST(where_memory_is_out_a_page_is_not_kept_and_nobody_dies) {
    enum { ROOM = 200 * 1000, LENGTH = 1000 };
    size_t head = ring_head_bytes(1);
    if (!scratch_mount_small("small", head + ROOM)) {
        return;
    }
    free_pages();
    descriptor = open(scratch_path("small/pages"), O_RDWR | O_CREAT, 0600);
    ck_assert_int_eq(ftruncate(descriptor, (off_t)ring_bytes(1)), 0);
    ck_assert_int_eq(fallocate(descriptor, 0, 0, (off_t)head), 0);
    map_pages();
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
    tcase_add_test(cases, its_gzip_form_is_found_with_it);
    tcase_add_test(cases, a_gzip_form_can_be_added_and_is_there_until_the_page_changes);
    tcase_add_test(cases, that_gzip_is_no_shorter_is_remembered);
    tcase_add_test(cases, the_hash_of_a_page_is_known_without_its_body);
    tcase_add_test(cases, a_page_is_found_by_who_maps_the_memory_for_reading);
    tcase_add_test(cases, a_ring_lies_anywhere_in_a_memory);
    tcase_add_test(cases, a_region_that_is_too_small_is_refused);
    tcase_add_test(cases, a_word_that_points_anywhere_is_harmless);
    tcase_add_test(cases, no_length_leads_out_of_the_region);
    tcase_add_test(cases, every_part_of_a_key_counts);
    tcase_add_test(cases, a_page_is_found_under_its_version_only);
    tcase_add_test(cases, each_edition_has_pages_of_its_own);
    tcase_add_test(cases, a_page_expires);
    tcase_add_test(cases, a_version_that_comes_late_leaves_the_newer_page_in_place);
    tcase_add_test(cases, pages_that_are_made_anew_need_no_more_memory);
    tcase_add_test(cases, a_page_that_once_was_longer_keeps_its_room);
    tcase_add_test(cases, a_page_takes_the_place_of_its_predecessor);
    tcase_add_test(cases, what_was_found_and_written_over_since_is_not_copied);
    tcase_add_test(cases, the_oldest_leave_first);
    tcase_add_test(cases, small_pages_fill_the_memory_too);
    tcase_add_test(cases, a_page_larger_than_a_16th_is_not_kept);
    tcase_add_test(cases, a_page_of_which_any_byte_was_written_over_is_not_found);
    tcase_add_test(cases, readers_find_whole_pages_only_while_writers_write_and_are_killed);
    tcase_add_test(cases, where_memory_is_out_a_page_is_not_kept_and_nobody_dies);
    suite_add_tcase(suite, cases);
    return suite;
}

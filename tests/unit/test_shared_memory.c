/* Memory that all processes of a host share. */
#include "pages/shared_memory.h"
#include "suites.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEGABYTES = 4, ANOTHER_USER = 65534 };

static int descriptor; /* for each test */

static void make_memory(void) {
    descriptor = shared_memory_create(MEGABYTES);
    ck_assert_int_ge(descriptor, 0);
}

static void close_memory(void) {
    close(descriptor);
}

static struct shared_memory map(int of, enum shared_memory_access access) {
    struct shared_memory memory;
    ck_assert(shared_memory_map(&memory, of, access));
    return memory;
}

START_TEST(a_new_memory_is_empty_and_of_the_size_that_was_asked_for) {
    struct shared_memory memory = map(descriptor, SHARED_MEMORY_WRITE);
    ck_assert_uint_eq(shared_memory_ring_megabytes(&memory), MEGABYTES);
    ck_assert_uint_eq(shared_memory_edition(&memory), 0);
    ck_assert_int_eq(shared_memory_vouched_ms(&memory), 0);
    struct version first = versions_note(shared_memory_versions(&memory), 0);
    ck_assert(first.counter == 0 && first.epoch == 0);
    struct stat file;
    ck_assert_int_eq(fstat(descriptor, &file), 0);
    ck_assert_int_ge(file.st_size, MEGABYTES * 1024 * 1024);
    ck_assert_int_ge(file.st_blocks * 512, (off_t)versions_bytes()); /* no SIGBUS later */
    ck_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    shared_memory_unmap(&memory);
}
END_TEST

START_TEST(what_one_writes_all_read) {
    struct shared_memory writer = map(descriptor, SHARED_MEMORY_WRITE);
    int read_only = shared_memory_open_read_only(descriptor);
    struct shared_memory reader = map(read_only, SHARED_MEMORY_READ);
    shared_memory_vouch(&writer, 1234);
    shared_memory_set_edition(&writer, 77);
    versions_raise(shared_memory_versions(&writer), 5);
    ck_assert_int_eq(shared_memory_vouched_ms(&reader), 1234);
    ck_assert_uint_eq(shared_memory_edition(&reader), 77);
    ck_assert_uint_eq(versions_note(shared_memory_versions(&reader), 5).counter, 1);
    ck_assert(shared_memory_is_same(descriptor, read_only));
    shared_memory_unmap(&writer);
    shared_memory_unmap(&reader);
    close(read_only);
}
END_TEST

START_TEST(nobody_changes_the_size) {
    ck_assert_int_eq(ftruncate(descriptor, 0), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(ftruncate(descriptor, (off_t)1 << 40), -1);
    ck_assert_int_eq(fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE), -1); /* nor who may write */
}
END_TEST

START_TEST(who_has_it_read_only_cannot_write) {
    int read_only = shared_memory_open_read_only(descriptor);
    ck_assert_int_ge(read_only, 0);
    ck_assert_int_eq(pwrite(read_only, "x", 1, 0), -1);
    ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0),
                     MAP_FAILED);
    struct shared_memory memory;
    ck_assert(!shared_memory_map(&memory, read_only, SHARED_MEMORY_WRITE));
    ck_assert_ptr_null(memory.at);
    memory = map(read_only, SHARED_MEMORY_READ);
    ck_assert_int_eq(mprotect(memory.at, memory.bytes, PROT_READ | PROT_WRITE), -1);
    shared_memory_unmap(&memory);
    close(read_only);
}
END_TEST

START_TEST(another_user_cannot_open_it_anew_for_writing) {
    if (geteuid() != 0) {
        return;
    }
    int read_only = shared_memory_open_read_only(descriptor);
    pid_t child = fork();
    if (child == 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", read_only);
        bool is_refused = setuid(ANOTHER_USER) == 0 && open(path, O_RDWR) < 0 && errno == EACCES;
        _exit(is_refused ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(read_only);
}
END_TEST

/* Whether a file of this content is mapped. */
static bool is_taken(int file) {
    struct shared_memory memory;
    bool is_mapped = shared_memory_map(&memory, file, SHARED_MEMORY_READ);
    ck_assert(is_mapped || errno == EPROTO);
    shared_memory_unmap(&memory);
    return is_mapped;
}

/* A copy of its first page in a file of `bytes`, sealed or not. */
static int copy_of(off_t bytes, int seals) {
    char page[4096];
    ck_assert_int_eq(pread(descriptor, page, sizeof page, 0), sizeof page);
    int copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert(ftruncate(copy, bytes) == 0 && pwrite(copy, page, sizeof page, 0) == sizeof page);
    ck_assert(seals == 0 || fcntl(copy, F_ADD_SEALS, seals) == 0);
    return copy;
}

START_TEST(what_is_no_sealed_memory_of_this_layout_is_refused) {
    struct stat file;
    ck_assert_int_eq(fstat(descriptor, &file), 0);
    const int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    int same = copy_of(file.st_size, all);
    ck_assert(is_taken(same));
    const int others[] = {copy_of(file.st_size, 0), copy_of(file.st_size, F_SEAL_GROW),
                          copy_of(file.st_size - 4096, all), copy_of(4096, all),
                          open("/dev/null", O_RDONLY)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert(!is_taken(others[i]));
        close(others[i]);
    }
    close(same);
    same = copy_of(file.st_size, 0);
    ck_assert_int_eq(pwrite(same, "another layout", 8, 0), 8);
    ck_assert_int_eq(fcntl(same, F_ADD_SEALS, all), 0);
    ck_assert(!is_taken(same));
    close(same);
}
END_TEST

START_TEST(a_memory_without_a_ring_has_versions) {
    int small = shared_memory_create(0);
    struct shared_memory memory = map(small, SHARED_MEMORY_WRITE);
    versions_raise(shared_memory_versions(&memory), versions_slot(SUBJECT_PRODUCT, 1));
    ck_assert_uint_eq(shared_memory_ring_megabytes(&memory), 0);
    ck_assert(!shared_memory_is_same(small, descriptor));
    shared_memory_unmap(&memory);
    close(small);
}
END_TEST

START_TEST(no_lease_ends_sooner_than_it_was_said_to) {
    struct shared_memory memory = map(descriptor, SHARED_MEMORY_WRITE);
    ck_assert_int_eq(shared_memory_leased_until_us(&memory), 0);
    ck_assert_int_eq(shared_memory_round_us(&memory), 0);
    shared_memory_extend_lease(&memory, 1000, 50);
    ck_assert_int_eq(shared_memory_leased_until_us(&memory), 1050);
    /* Another validator, whose round began sooner or whose lease is shorter. */
    shared_memory_extend_lease(&memory, 990, 50);
    shared_memory_extend_lease(&memory, 1010, 20);
    ck_assert_int_eq(shared_memory_leased_until_us(&memory), 1050);
    ck_assert_int_eq(shared_memory_round_us(&memory), 1010);
    shared_memory_extend_lease(&memory, 1020, 50);
    struct shared_memory reader = map(descriptor, SHARED_MEMORY_READ);
    ck_assert_int_eq(shared_memory_leased_until_us(&reader), 1070);
    shared_memory_note_asked(&memory, 7);
    ck_assert_int_eq(shared_memory_asked_ms(&reader), 7);
    shared_memory_unmap(&reader);
    shared_memory_unmap(&memory);
}
END_TEST

Suite *shared_memory_suite(void) {
    Suite *suite = suite_create("shared_memory");
    TCase *cases = tcase_create("shared_memory");
    tcase_add_checked_fixture(cases, make_memory, close_memory);
    tcase_add_test(cases, a_new_memory_is_empty_and_of_the_size_that_was_asked_for);
    tcase_add_test(cases, what_one_writes_all_read);
    tcase_add_test(cases, nobody_changes_the_size);
    tcase_add_test(cases, who_has_it_read_only_cannot_write);
    tcase_add_test(cases, another_user_cannot_open_it_anew_for_writing);
    tcase_add_test(cases, what_is_no_sealed_memory_of_this_layout_is_refused);
    tcase_add_test(cases, a_memory_without_a_ring_has_versions);
    tcase_add_test(cases, no_lease_ends_sooner_than_it_was_said_to);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Memory that all processes of a host share: header, versions, ring. */
#include "pages/shared_memory.h"

#include "ops/config.h"
#include "ops/raise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

/* What the memory begins with. The first part is written once. */
struct header {
    uint64_t layout;
    uint64_t ring_megabytes;
    uint64_t seed;
    _Atomic int64_t vouched_ms;
    _Atomic uint64_t edition;
    _Atomic uint64_t server; /* pages/known_server.h; 0: none yet */
    _Atomic int64_t leased_until_us;
    _Atomic int64_t round_us;
    _Atomic int64_t asked_ms;
};

_Static_assert(sizeof(struct header) <= PAGE_BYTES, "the versions follow on the next page");

static size_t versions_offset(void) {
    return PAGE_BYTES;
}

static size_t ring_offset(void) {
    return versions_offset() + (versions_bytes() + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static size_t bytes_of(size_t ring_megabytes) {
    return ring_offset() + (ring_megabytes == 0 ? 0 : ring_bytes(ring_megabytes));
}

static int close_with(int descriptor, int reason) {
    close(descriptor);
    errno = reason;
    return -1;
}

int shared_memory_create(size_t ring_megabytes) {
    struct header header = {.layout = SHARED_FILE_LAYOUT, .ring_megabytes = ring_megabytes};
    size_t bytes = bytes_of(ring_megabytes);
    size_t head_bytes = ring_offset() + (ring_megabytes == 0 ? 0 : ring_head_bytes(ring_megabytes));
    int descriptor = memfd_create("atelier-qa-pages", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor >= 0 &&
        (getrandom(&header.seed, sizeof header.seed, 0) != sizeof header.seed ||
         fchmod(descriptor, 0600) != 0 || ftruncate(descriptor, (off_t)bytes) != 0 ||
         fallocate(descriptor, 0, 0, (off_t)head_bytes) != 0 ||
         pwrite(descriptor, &header, sizeof header, 0) != sizeof header ||
         fcntl(descriptor, F_ADD_SEALS, SEALS) != 0)) {
        return close_with(descriptor, errno);
    }
    return descriptor;
}

/* Its size, or 0 with errno. */
static size_t bytes_of_sealed(int descriptor) {
    struct header header = {0};
    struct stat file;
    int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0 || fstat(descriptor, &file) != 0 ||
        pread(descriptor, &header, sizeof header, 0) < 0) {
        errno = EPROTO;
        return 0;
    }
    bool is_ours = (seals & SEALS) == SEALS && header.layout == SHARED_FILE_LAYOUT &&
                   header.ring_megabytes <= SIZE_MAX >> 32 &&
                   (size_t)file.st_size == bytes_of(header.ring_megabytes);
    errno = EPROTO;
    return is_ours ? (size_t)file.st_size : 0;
}

bool shared_memory_map(struct shared_memory *memory, int descriptor,
                       enum shared_memory_access access) {
    *memory = (struct shared_memory){0};
    size_t bytes = bytes_of_sealed(descriptor);
    if (bytes == 0) {
        return false;
    }
    bool is_writable = access == SHARED_MEMORY_WRITE;
    void *at = mmap(NULL, bytes, is_writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
                    descriptor, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    *memory = (struct shared_memory){
        .at = at, .bytes = bytes, .descriptor = descriptor, .is_writable = is_writable};
    return true;
}

void shared_memory_unmap(struct shared_memory *memory) {
    if (memory->at) {
        munmap(memory->at, memory->bytes);
    }
    *memory = (struct shared_memory){0};
}

int shared_memory_open_read_only(int descriptor) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool shared_memory_is_same(int one, int other) {
    struct stat a, b;
    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static struct header *header_of(const struct shared_memory *memory) {
    return memory->at;
}

struct versions *shared_memory_versions(const struct shared_memory *memory) {
    return (struct versions *)((char *)memory->at + versions_offset());
}

size_t shared_memory_ring_megabytes(const struct shared_memory *memory) {
    return header_of(memory)->ring_megabytes;
}

uint64_t shared_memory_seed(const struct shared_memory *memory) {
    return header_of(memory)->seed;
}

bool shared_memory_ring(const struct shared_memory *memory, struct ring *ring) {
    size_t offset = ring_offset();
    return memory->bytes > offset &&
           ring_attach(ring, (char *)memory->at + offset, memory->bytes - offset,
                       memory->is_writable ? memory->descriptor : -1, (off_t)offset);
}

uint64_t shared_memory_edition(const struct shared_memory *memory) {
    return atomic_load(&header_of(memory)->edition);
}

void shared_memory_set_edition(const struct shared_memory *memory, uint64_t edition) {
    atomic_store(&header_of(memory)->edition, edition);
}

bool shared_memory_is_vouched_for(const struct shared_memory *memory, int64_t now_ms) {
    int64_t vouched_ms = shared_memory_vouched_ms(memory);
    return vouched_ms != 0 && now_ms - vouched_ms <= SHARED_MEMORY_VOUCHED_FOR_MS;
}

int64_t shared_memory_vouched_ms(const struct shared_memory *memory) {
    return atomic_load(&header_of(memory)->vouched_ms);
}

void shared_memory_vouch(const struct shared_memory *memory, int64_t now_ms) {
    atomic_store(&header_of(memory)->vouched_ms, now_ms);
}

_Atomic uint64_t *shared_memory_server(const struct shared_memory *memory) {
    return &header_of(memory)->server;
}

int64_t shared_memory_leased_until_us(const struct shared_memory *memory) {
    return atomic_load(&header_of(memory)->leased_until_us);
}

int64_t shared_memory_round_us(const struct shared_memory *memory) {
    return atomic_load(&header_of(memory)->round_us);
}

void shared_memory_extend_lease(const struct shared_memory *memory, int64_t round_us,
                                int64_t lease_us) {
    raise_signed(&header_of(memory)->round_us, round_us);
    raise_signed(&header_of(memory)->leased_until_us, round_us + lease_us);
}

int64_t shared_memory_asked_ms(const struct shared_memory *memory) {
    return atomic_load(&header_of(memory)->asked_ms);
}

void shared_memory_note_asked(const struct shared_memory *memory, int64_t now_ms) {
    /* Most often somebody has, in the same step of the clock: then no cache line is written. */
    if (shared_memory_asked_ms(memory) != now_ms) {
        atomic_store(&header_of(memory)->asked_ms, now_ms);
    }
}

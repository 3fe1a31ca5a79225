/* The memory of metrics. */
#include "ops/metrics_memory.h"

#include "ops/metrics_table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x31736369727465) /* "etrics1" */

/* What the memory begins with; the slots follow HEAD_BYTES after its begin. */
struct head {
    uint64_t magic;
    uint64_t slot_bytes;
    metrics_number slots;  /* that were ever used: the first ones */
    metrics_number layout; /* of what follows */
    struct metrics_service service;
};

enum { HEAD_BYTES = 64 * 1024 /* whole pages, however large a page is */ };

_Static_assert(sizeof(struct head) <= HEAD_BYTES, "the head has room");
_Static_assert(sizeof(struct metrics) <= METRICS_SLOT_BYTES, "a slot has room for a worker's");
_Static_assert(sizeof(struct metrics) % sizeof(metrics_number) == 0, "all of it are numbers");

static off_t offset_of(size_t slot, size_t slot_bytes) {
    return (off_t)(HEAD_BYTES + slot * slot_bytes);
}

static struct head *head_of(const struct metrics_memory *memory) {
    return memory->at;
}

/* Closes what was opened; false, with errno as it was. */
static bool fail(struct metrics_memory *memory) {
    int reason = errno;
    if (memory->descriptor >= 0) {
        close(memory->descriptor);
    }
    *memory = (struct metrics_memory){.descriptor = -1};
    errno = reason;
    return false;
}

bool metrics_memory_create(struct metrics_memory *memory) {
    *memory = (struct metrics_memory){.bytes = HEAD_BYTES};
    memory->descriptor = memfd_create("atelier-qa-metrics", MFD_CLOEXEC);
    if (memory->descriptor < 0 || fallocate(memory->descriptor, 0, 0, HEAD_BYTES) != 0 ||
        ftruncate(memory->descriptor, offset_of(METRICS_SLOTS, METRICS_SLOT_BYTES)) != 0) {
        return fail(memory);
    }
    void *at = mmap(NULL, HEAD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory->descriptor, 0);
    if (at == MAP_FAILED) {
        return fail(memory);
    }
    memory->at = at;
    head_of(memory)->magic = MAGIC;
    head_of(memory)->slot_bytes = METRICS_SLOT_BYTES;
    metrics_set(&head_of(memory)->layout, metrics_layout_of_service());
    return true;
}

struct metrics_service *metrics_memory_service(const struct metrics_memory *memory) {
    static struct metrics_service unseen;
    return memory->at ? &head_of(memory)->service : &unseen;
}

bool metrics_memory_reserve(const struct metrics_memory *memory, size_t slot) {
    if (fallocate(memory->descriptor, 0, offset_of(slot, METRICS_SLOT_BYTES), METRICS_SLOT_BYTES) !=
        0) {
        return false;
    }
    metrics_number *slots = &head_of(memory)->slots;
    if (slot >= metrics_get(slots)) {
        metrics_set(slots, slot + 1);
    }
    return true;
}

void metrics_memory_end(const struct metrics_memory *memory, size_t slot) {
    static const uint64_t zeros[METRICS_GAUGES_ROOM];
    off_t gauges =
        offset_of(slot, METRICS_SLOT_BYTES) + (off_t)offsetof(struct metrics, gauges_room);
    /* Reserved memory: it cannot fail. */
    ssize_t written = pwrite(memory->descriptor, zeros, sizeof zeros, gauges);
    (void)written;
}

/* Reads what a memory begins with. False with EPROTO. */
static bool read_head(int descriptor, struct head *head) {
    bool is_one = pread(descriptor, head, sizeof *head, 0) == sizeof *head &&
                  head->magic == MAGIC && head->slot_bytes >= sizeof(struct metrics);
    errno = EPROTO;
    return is_one;
}

static void begin_anew(struct metrics *metrics, uint64_t layout) {
    metrics_number *numbers = (metrics_number *)metrics;
    for (size_t i = 0; i < sizeof *metrics / sizeof *numbers; i++) {
        metrics_set(&numbers[i], 0);
    }
    atomic_store_explicit(&metrics->layout, layout, memory_order_release);
}

struct metrics *metrics_memory_slot(int descriptor, size_t slot, uint64_t layout) {
    struct head head;
    if (!read_head(descriptor, &head)) {
        return NULL;
    }
    struct metrics *metrics = mmap(NULL, sizeof *metrics, PROT_READ | PROT_WRITE, MAP_SHARED,
                                   descriptor, offset_of(slot, head.slot_bytes));
    if (metrics == MAP_FAILED) {
        return NULL;
    }
    if (metrics_get(&metrics->layout) != layout) {
        begin_anew(metrics, layout);
    }
    return metrics;
}

bool metrics_memory_map(struct metrics_memory *memory, int descriptor) {
    struct head head;
    *memory = (struct metrics_memory){.descriptor = descriptor};
    if (!read_head(descriptor, &head)) {
        return false;
    }
    memory->bytes = (size_t)offset_of(METRICS_SLOTS, head.slot_bytes);
    void *at = mmap(NULL, memory->bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    memory->at = at == MAP_FAILED ? NULL : at;
    return at != MAP_FAILED;
}

void metrics_memory_unmap(struct metrics_memory *memory) {
    if (memory->at) {
        munmap(memory->at, memory->bytes);
    }
    *memory = (struct metrics_memory){.descriptor = -1};
}

/* Adds numbers to others, one by one. */
static void add_up(metrics_number *sums, const metrics_number *numbers, size_t bytes) {
    for (size_t i = 0; i < bytes / sizeof *sums; i++) {
        metrics_add(&sums[i], metrics_get(&numbers[i]));
    }
}

void metrics_memory_sum(const struct metrics_memory *memory, uint64_t layout,
                        struct metrics_sum *sum) {
    const struct head *head = head_of(memory);
    memset(sum, 0, sizeof *sum);
    for (size_t slot = 0; slot < metrics_get(&head->slots); slot++) {
        const struct metrics *metrics =
            (const void *)((const char *)memory->at + offset_of(slot, head->slot_bytes));
        if (atomic_load_explicit(&metrics->layout, memory_order_acquire) == layout) {
            add_up((metrics_number *)&sum->workers, (const metrics_number *)metrics,
                   sizeof *metrics);
        }
    }
    metrics_set(&sum->workers.layout, layout);
    if (metrics_get(&head->layout) == metrics_layout_of_service()) {
        add_up((metrics_number *)&sum->service, (const metrics_number *)&head->service,
               sizeof sum->service);
    }
    metrics_add(&sum->service.invalidations[METRICS_UNCERTAIN_WRITE],
                metrics_get(&sum->workers.uncertain_writes));
    metrics_add(&sum->service.invalidations[METRICS_SERVER_CHANGED],
                metrics_get(&sum->workers.server_changes));
    metrics_add(&sum->service.invalidations[METRICS_VALIDATOR_BEGAN],
                metrics_get(&sum->workers.validator.beginnings));
    metrics_add(&sum->service.invalidations[METRICS_EVERYTHING_CHANGED],
                metrics_get(&sum->workers.validator.everything_changed));
    metrics_add(&sum->service.lost_lines, metrics_get(&sum->workers.lost_lines));
    metrics_set(&sum->seen.one, 1);
}

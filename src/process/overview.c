/* The overview of the service, in shared memory. */
#include "process/overview.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A supervisor that was killed while it wrote leaves an odd number for good. */
enum { MOST_TRIES = 100 };

struct overview {
    _Atomic unsigned number; /* of the view; odd while it is written */
    struct service_view view;
};

static void *map(int descriptor, int protection) {
    void *memory = mmap(NULL, sizeof(struct overview), protection, MAP_SHARED, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct overview *overview_create(int *descriptor) {
    *descriptor = memfd_create("atelier-qa-overview", MFD_CLOEXEC);
    if (*descriptor < 0 || fallocate(*descriptor, 0, 0, sizeof(struct overview)) != 0) {
        return NULL;
    }
    return map(*descriptor, PROT_READ | PROT_WRITE);
}

const struct overview *overview_map(int descriptor) {
    return map(descriptor, PROT_READ);
}

void overview_write(struct overview *overview, const struct service_view *view) {
    unsigned number = atomic_load_explicit(&overview->number, memory_order_relaxed);
    atomic_store_explicit(&overview->number, number + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(&overview->view, view, sizeof *view);
    atomic_store_explicit(&overview->number, number + 2, memory_order_release);
}

void overview_read(const struct overview *overview, struct service_view *view) {
    for (int i = 0; i < MOST_TRIES; i++) {
        unsigned before = atomic_load_explicit(&overview->number, memory_order_acquire);
        memcpy(view, &overview->view, sizeof *view);
        atomic_thread_fence(memory_order_acquire);
        if (before % 2 == 0 &&
            before == atomic_load_explicit(&overview->number, memory_order_relaxed)) {
            return;
        }
        sched_yield();
    }
}

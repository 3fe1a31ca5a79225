/* Heartbeats of workers, in shared memory. */
#include "process/heartbeat.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "heartbeats are shared between processes");

struct heartbeats *heartbeats_map(int descriptor) {
    void *memory =
        mmap(NULL, sizeof(struct heartbeats), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct heartbeats *heartbeats_create(int *descriptor) {
    *descriptor = memfd_create("atelier-qa-heartbeats", MFD_CLOEXEC);
    if (*descriptor < 0 || fallocate(*descriptor, 0, 0, sizeof(struct heartbeats)) != 0) {
        return NULL;
    }
    return heartbeats_map(*descriptor);
}

/* What a process takes of the machine. */
#include "process/usage.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static uint64_t cpu_us(void) {
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

/* Without what it shares: the program, libraries and the ring. 0 where the system does not tell. */
static uint64_t memory_bytes(void) {
    uint64_t resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) {
        return 0;
    }
    bool is_told = fscanf(file, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) == 2;
    fclose(file);
    return is_told && resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void usage_note(struct usage *usage, struct metrics *metrics) {
    uint64_t now_us = cpu_us();
    metrics_add(&metrics->cpu_us, now_us - usage->cpu_us);
    usage->cpu_us = now_us;
    metrics_set(&metrics->gauges.memory_bytes, memory_bytes());
}

/* Generations: counters in a shared file, which make the workers' caches coherent. */
#include "cache/generations.h"

#include "ops/config.h"

#include "ops/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of another layout may be in use yet. A new one holds zeros. */
enum { LAYOUT_VERSION = SHARED_FILE_LAYOUT };

/* 8 MiB: with 500,000 cached pages a write makes one invalid that it did not touch. */
enum { SLOT_COUNT = 1024 * 1024 };

enum { SEAT_COUNT = 256 }; /* of services at a time; one that finds none is not looked after */

enum { GUARD_COUNT = 2 }; /* a supervisor's own file, and one that it tells */

enum { EPOCHS_BETWEEN_LOOKS = 1 << 20 }; /* more than are begun between two looks at the file */

struct generations {
    _Atomic uint64_t layout_version;
    _Atomic uint64_t epoch;
    _Atomic int64_t doubted_ms;           /* when a doubt was last declared */
    _Atomic int64_t beats_ms[SEAT_COUNT]; /* the last beat; 0: a free seat */
    _Atomic uint64_t counters[SLOT_COUNT];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "generations are shared between processes");
_Static_assert((SLOT_COUNT & (SLOT_COUNT - 1)) == 0, "a hash is cut to a slot by a mask");

static bool make_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[4096];
    if (!slash || slash == path) {
        return true;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return mkdir(folder, 0755) == 0 || errno == EEXIST;
}

static const char of_another_version[] =
    "the file is of another version; stop what uses it and remove it";

static void say_why_it_is_not_open(const char *path, char *error, size_t error_size) {
    /* Links are not followed: the folder may belong to a lesser user than who opens. */
    snprintf(error, error_size, "QA_SHARED_FILE: cannot open '%s': %s", path,
             errno == ELOOP ? "it is a symbolic link" : strerror(errno));
}

int generations_file_open(const char *path, char *error, size_t error_size) {
    int descriptor =
        make_folder_of(path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660) : -1;
    if (descriptor < 0) {
        say_why_it_is_not_open(path, error, error_size);
    }
    return descriptor;
}

/* Takes all of the file from the file system: a page of it that is touched when there is no room
 * left ends the process by SIGBUS. 0 or an error number. */
static int allocate(int descriptor) {
    int reason;
    do {
        reason = fallocate(descriptor, 0, 0, sizeof(struct generations)) == 0 ? 0 : errno;
    } while (reason == EINTR);
    if (reason != EOPNOTSUPP) {
        return reason;
    }
    /* The file system cannot reserve. Zeros may be written while nobody uses the file. */
    static const char zeros[64 * 1024];
    uint64_t version = 0;
    reason = pread(descriptor, &version, sizeof version, 0) < 0 ? errno : 0;
    for (off_t at = 0; reason == 0 && version == 0 && at < (off_t)sizeof(struct generations);) {
        size_t rest = sizeof(struct generations) - (size_t)at;
        ssize_t written = pwrite(descriptor, zeros, rest < sizeof zeros ? rest : sizeof zeros, at);
        reason = written < 0 ? errno : 0;
        at += written;
    }
    return reason;
}

/* With the lock on the file, so that of several processes one makes it. */
static struct generations *map_locked(int descriptor, char *error, size_t error_size) {
    struct stat file;
    if (fstat(descriptor, &file) != 0 ||
        (file.st_size == 0 && ftruncate(descriptor, sizeof(struct generations)) != 0) ||
        fstat(descriptor, &file) != 0) {
        snprintf(error, error_size, "QA_SHARED_FILE: %s", strerror(errno));
        return NULL;
    }
    struct generations *generations = MAP_FAILED;
    if (file.st_size == sizeof *generations) {
        int reason = allocate(descriptor);
        if (reason != 0) {
            snprintf(error, error_size,
                     "QA_SHARED_FILE: %s: the file takes %zu bytes; make room, or set "
                     "QA_SHARED_FILE to a path elsewhere",
                     strerror(reason), sizeof *generations);
            return NULL;
        }
        generations =
            mmap(NULL, sizeof *generations, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    uint64_t version = 0;
    if (generations != MAP_FAILED &&
        (atomic_compare_exchange_strong(&generations->layout_version, &version, LAYOUT_VERSION) ||
         version == LAYOUT_VERSION)) {
        return generations;
    }
    if (generations != MAP_FAILED) {
        generations_unmap(generations);
    }
    snprintf(error, error_size, "QA_SHARED_FILE: %s", of_another_version);
    return NULL;
}

struct generations *generations_map(int descriptor, char *error, size_t error_size) {
    if (flock(descriptor, LOCK_EX) != 0) {
        snprintf(error, error_size, "QA_SHARED_FILE: it cannot be locked: %s", strerror(errno));
        return NULL;
    }
    struct generations *generations = map_locked(descriptor, error, error_size);
    (void)flock(descriptor, LOCK_UN);
    return generations;
}

/* Mappings that are guarded. Signal handlers are given no context. */
static struct guard {
    struct generations *generations; /* NULL: a free one */
    volatile sig_atomic_t is_cut;    /* the mapping is no longer of the file */
} guards[GUARD_COUNT];

static struct sigaction before_guards;

static struct guard *guard_of(const struct generations *generations) {
    for (size_t i = 0; i < GUARD_COUNT; i++) {
        if (guards[i].generations == generations) {
            return &guards[i];
        }
    }
    return NULL;
}

static bool map_over(struct generations *generations, int flags, int descriptor) {
    return mmap(generations, sizeof *generations, PROT_READ | PROT_WRITE, flags | MAP_FIXED,
                descriptor, 0) != MAP_FAILED;
}

static void on_missing_page(int number, siginfo_t *info, void *context) {
    (void)context;
    for (size_t i = 0; i < GUARD_COUNT; i++) {
        struct generations *generations = guards[i].generations;
        if (generations &&
            (uintptr_t)info->si_addr - (uintptr_t)generations < sizeof *generations &&
            map_over(generations, MAP_PRIVATE | MAP_ANONYMOUS, -1)) {
            guards[i].is_cut = 1;
            return;
        }
    }
    (void)sigaction(number, &before_guards, NULL); /* for when it happens again, at once */
}

bool generations_guard(struct generations *generations) {
    static bool is_handled;
    const struct sigaction action = {.sa_sigaction = on_missing_page, .sa_flags = SA_SIGINFO};
    is_handled = is_handled || sigaction(SIGBUS, &action, &before_guards) == 0;
    struct guard *guard = guard_of(NULL);
    if (!is_handled || !guard) {
        return false;
    }
    guard->is_cut = 0;
    guard->generations = generations;
    return true;
}

static bool is_cut_off(const struct generations *generations) {
    const struct guard *guard = guard_of(generations);
    return guard && guard->is_cut;
}

void generations_unmap(struct generations *generations) {
    struct guard *guard = guard_of(generations);
    if (guard) {
        guard->generations = NULL;
    }
    munmap(generations, sizeof *generations);
}

size_t generations_slot(enum subject subject, int64_t id) {
    /* The finalizer of splitmix64 spreads neighbouring ids. */
    uint64_t hash = (uint64_t)id * 2 + (uint64_t)subject;
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((hash ^ (hash >> 31)) & (SLOT_COUNT - 1));
}

struct generation generations_note(const struct generations *generations, size_t slot) {
    return (struct generation){.counter = atomic_load(&generations->counters[slot]),
                               .epoch = atomic_load(&generations->epoch)};
}

bool generation_equal(struct generation a, struct generation b) {
    return a.counter == b.counter && a.epoch == b.epoch;
}

bool generation_is_newer(struct generation a, struct generation b) {
    return a.counter > b.counter || a.epoch > b.epoch;
}

void generations_raise(struct generations *generations, size_t slot) {
    atomic_fetch_add(&generations->counters[slot], 1);
}

void generations_doubt(struct generations *generations, int64_t now_ms) {
    /* In this order: who notes the new epoch knows the doubt. A later doubt of somebody else stays;
     * one far in the future is of before the machine started. */
    int64_t doubted_ms = atomic_load(&generations->doubted_ms);
    while ((doubted_ms < now_ms || doubted_ms - now_ms > GENERATIONS_SILENT_AFTER_MS) &&
           !atomic_compare_exchange_weak(&generations->doubted_ms, &doubted_ms, now_ms)) {
    }
    atomic_fetch_add(&generations->epoch, 1);
}

int64_t generations_trust_ms(const struct generations *generations, int64_t now_ms) {
    int64_t age_ms = now_ms - atomic_load(&generations->doubted_ms);
    return age_ms < GENERATIONS_LEAST_TRUST_MS ? GENERATIONS_LEAST_TRUST_MS : age_ms;
}

static void take_seat(struct generations *generations, struct generations_seat *seat,
                      int64_t now_ms) {
    *seat = (struct generations_seat){0};
    for (size_t i = 0; i < SEAT_COUNT; i++) {
        int64_t nobody = 0;
        if (atomic_compare_exchange_strong(&generations->beats_ms[i], &nobody, now_ms)) {
            *seat = (struct generations_seat){.index = i, .beat_ms = now_ms};
            return;
        }
    }
}

static bool keep_seat(struct generations *generations, struct generations_seat *seat,
                      int64_t now_ms) {
    /* Fails when this process stood still for so long that another took it for dead. */
    int64_t last_ms = seat->beat_ms;
    bool kept = last_ms != 0 && atomic_compare_exchange_strong(&generations->beats_ms[seat->index],
                                                               &last_ms, now_ms);
    seat->beat_ms = kept ? now_ms : 0;
    return kept;
}

bool generations_beat(struct generations *generations, struct generations_seat *seat,
                      int64_t now_ms) {
    bool doubted = false;
    if (!keep_seat(generations, seat, now_ms)) {
        take_seat(generations, seat, now_ms);
    }
    for (size_t i = 0; i < SEAT_COUNT; i++) {
        int64_t beat_ms = atomic_load(&generations->beats_ms[i]);
        /* A beat of the future is one of before the machine started. */
        if (beat_ms != 0 && (now_ms - beat_ms > GENERATIONS_SILENT_AFTER_MS ||
                             beat_ms - now_ms > GENERATIONS_SILENT_AFTER_MS)) {
            /* The doubt comes first: who dies in between leaves the seat for the next to see. */
            generations_doubt(generations, now_ms);
            atomic_compare_exchange_strong(&generations->beats_ms[i], &beat_ms, 0);
            doubted = true;
        }
    }
    return doubted;
}

void generations_leave(struct generations *generations, const struct generations_seat *seat) {
    int64_t last_ms = seat->beat_ms;
    if (last_ms != 0) {
        atomic_compare_exchange_strong(&generations->beats_ms[seat->index], &last_ms, 0);
    }
}

enum generations_file generations_file_look(const struct generations *generations, const char *path,
                                            int descriptor) {
    struct stat mapped, named;
    if (is_cut_off(generations) ||
        (fstat(descriptor, &mapped) == 0 && mapped.st_size != sizeof(struct generations))) {
        return GENERATIONS_FILE_CUT;
    }
    bool is_named =
        stat(path, &named) == 0 && named.st_dev == mapped.st_dev && named.st_ino == mapped.st_ino;
    return is_named ? GENERATIONS_FILE_KEPT : GENERATIONS_FILE_LOST;
}

bool generations_restore(struct generations *generations, int descriptor, uint64_t epoch,
                         char *error, size_t error_size) {
    int reason = ftruncate(descriptor, sizeof *generations) != 0 ? errno : allocate(descriptor);
    if (reason != 0) {
        snprintf(error, error_size, "QA_SHARED_FILE: %s", strerror(reason));
        return false;
    }
    if (is_cut_off(generations)) {
        if (!map_over(generations, MAP_SHARED, descriptor)) {
            snprintf(error, error_size, "QA_SHARED_FILE: %s", strerror(errno));
            return false;
        }
        guard_of(generations)->is_cut = 0;
    }
    uint64_t now = atomic_load(&generations->epoch);
    while (now < epoch &&
           !atomic_compare_exchange_weak(&generations->epoch, &now, epoch + EPOCHS_BETWEEN_LOOKS)) {
    }
    atomic_store(&generations->layout_version, LAYOUT_VERSION);
    generations_doubt(generations, clock_ms());
    return true;
}

static bool has_living_service(const struct generations *generations, int64_t now_ms) {
    for (size_t i = 0; i < SEAT_COUNT; i++) {
        int64_t beat_ms = atomic_load(&generations->beats_ms[i]);
        if (beat_ms != 0 && llabs(now_ms - beat_ms) <= GENERATIONS_SILENT_AFTER_MS) {
            return true;
        }
    }
    return false;
}

/* Maps what a service has made, as it is: nothing is made, enlarged or waited for. NULL, with one
 * line in `error`, unless it is the file of a service. */
static struct generations *map_as_it_is(int descriptor, char *error, size_t error_size) {
    struct stat file;
    struct generations *generations = MAP_FAILED;
    if (fstat(descriptor, &file) == 0 && file.st_size == sizeof *generations) {
        generations =
            mmap(NULL, sizeof *generations, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    if (generations != MAP_FAILED && generations_guard(generations) &&
        atomic_load(&generations->layout_version) == LAYOUT_VERSION) {
        return generations;
    }
    if (generations != MAP_FAILED) {
        generations_unmap(generations);
    }
    snprintf(error, error_size, "QA_SHARED_FILE: %s", of_another_version);
    return NULL;
}

static bool is_empty(int descriptor) {
    struct stat file;
    return fstat(descriptor, &file) == 0 && file.st_size == 0;
}

enum generations_told generations_tell(const char *path, char *error, size_t error_size) {
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        bool is_missing = errno == ENOENT || errno == ENOTDIR;
        say_why_it_is_not_open(path, error, error_size);
        return is_missing ? GENERATIONS_NOBODY : GENERATIONS_UNTOLD;
    }
    struct generations *generations = map_as_it_is(descriptor, error, error_size);
    bool is_unused = is_empty(descriptor);
    close(descriptor);
    if (!generations) {
        return is_unused ? GENERATIONS_NOBODY : GENERATIONS_UNTOLD;
    }
    generations_doubt(generations, clock_ms());
    bool is_heard = has_living_service(generations, clock_ms()) && !is_cut_off(generations);
    generations_unmap(generations);
    return is_heard ? GENERATIONS_TOLD : GENERATIONS_NOBODY;
}

/* Versions: counters in a shared file, which make the workers' caches coherent. */
#include "pages/versions.h"

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

enum { MEMBER_COUNT = 256 }; /* of services at a time; one that finds none is not looked after */

enum { GUARD_COUNT = 2 }; /* a supervisor's own file, and one that it notifies */

enum { EPOCHS_BETWEEN_LOOKS = 1 << 20 }; /* more than are begun between two looks at the file */

struct versions {
    _Atomic uint64_t layout_version;
    _Atomic uint64_t epoch;
    _Atomic int64_t invalidated_ms;                /* when everything was last invalidated */
    _Atomic int64_t member_beats_ms[MEMBER_COUNT]; /* the last beat; 0: nobody */
    _Atomic uint64_t counters[SLOT_COUNT];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "versions are shared between processes");
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

int versions_file_open(const char *path, char *error, size_t error_size) {
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
        reason = fallocate(descriptor, 0, 0, sizeof(struct versions)) == 0 ? 0 : errno;
    } while (reason == EINTR);
    if (reason != EOPNOTSUPP) {
        return reason;
    }
    /* The file system cannot reserve. Zeros may be written while nobody uses the file. */
    static const char zeros[64 * 1024];
    uint64_t version = 0;
    reason = pread(descriptor, &version, sizeof version, 0) < 0 ? errno : 0;
    for (off_t at = 0; reason == 0 && version == 0 && at < (off_t)sizeof(struct versions);) {
        size_t rest = sizeof(struct versions) - (size_t)at;
        ssize_t written = pwrite(descriptor, zeros, rest < sizeof zeros ? rest : sizeof zeros, at);
        reason = written < 0 ? errno : 0;
        at += written;
    }
    return reason;
}

/* With the lock on the file, so that of several processes one makes it. */
static struct versions *map_locked(int descriptor, char *error, size_t error_size) {
    struct stat file;
    if (fstat(descriptor, &file) != 0 ||
        (file.st_size == 0 && ftruncate(descriptor, sizeof(struct versions)) != 0) ||
        fstat(descriptor, &file) != 0) {
        snprintf(error, error_size, "QA_SHARED_FILE: %s", strerror(errno));
        return NULL;
    }
    struct versions *versions = MAP_FAILED;
    if (file.st_size == sizeof *versions) {
        int reason = allocate(descriptor);
        if (reason != 0) {
            snprintf(error, error_size,
                     "QA_SHARED_FILE: %s: the file takes %zu bytes; make room, or set "
                     "QA_SHARED_FILE to a path elsewhere",
                     strerror(reason), sizeof *versions);
            return NULL;
        }
        versions = mmap(NULL, sizeof *versions, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    uint64_t version = 0;
    if (versions != MAP_FAILED &&
        (atomic_compare_exchange_strong(&versions->layout_version, &version, LAYOUT_VERSION) ||
         version == LAYOUT_VERSION)) {
        return versions;
    }
    if (versions != MAP_FAILED) {
        versions_unmap(versions);
    }
    snprintf(error, error_size, "QA_SHARED_FILE: %s", of_another_version);
    return NULL;
}

struct versions *versions_map(int descriptor, char *error, size_t error_size) {
    if (flock(descriptor, LOCK_EX) != 0) {
        snprintf(error, error_size, "QA_SHARED_FILE: it cannot be locked: %s", strerror(errno));
        return NULL;
    }
    struct versions *versions = map_locked(descriptor, error, error_size);
    (void)flock(descriptor, LOCK_UN);
    return versions;
}

/* Mappings that are guarded. Signal handlers are given no context. */
static struct guard {
    struct versions *versions;    /* NULL: a free one */
    volatile sig_atomic_t is_cut; /* the mapping is no longer of the file */
} guards[GUARD_COUNT];

static struct sigaction before_guards;

static struct guard *guard_of(const struct versions *versions) {
    for (size_t i = 0; i < GUARD_COUNT; i++) {
        if (guards[i].versions == versions) {
            return &guards[i];
        }
    }
    return NULL;
}

static bool map_over(struct versions *versions, int flags, int descriptor) {
    return mmap(versions, sizeof *versions, PROT_READ | PROT_WRITE, flags | MAP_FIXED, descriptor,
                0) != MAP_FAILED;
}

static void on_missing_page(int number, siginfo_t *info, void *context) {
    (void)context;
    for (size_t i = 0; i < GUARD_COUNT; i++) {
        struct versions *versions = guards[i].versions;
        if (versions && (uintptr_t)info->si_addr - (uintptr_t)versions < sizeof *versions &&
            map_over(versions, MAP_PRIVATE | MAP_ANONYMOUS, -1)) {
            guards[i].is_cut = 1;
            return;
        }
    }
    (void)sigaction(number, &before_guards, NULL); /* for when it happens again, at once */
}

bool versions_guard(struct versions *versions) {
    static bool is_handled;
    const struct sigaction action = {.sa_sigaction = on_missing_page, .sa_flags = SA_SIGINFO};
    is_handled = is_handled || sigaction(SIGBUS, &action, &before_guards) == 0;
    struct guard *guard = guard_of(NULL);
    if (!is_handled || !guard) {
        return false;
    }
    guard->is_cut = 0;
    guard->versions = versions;
    return true;
}

static bool is_cut_off(const struct versions *versions) {
    const struct guard *guard = guard_of(versions);
    return guard && guard->is_cut;
}

void versions_unmap(struct versions *versions) {
    struct guard *guard = guard_of(versions);
    if (guard) {
        guard->versions = NULL;
    }
    munmap(versions, sizeof *versions);
}

size_t versions_slot(enum subject subject, int64_t id) {
    /* The finalizer of splitmix64 spreads neighbouring ids. */
    uint64_t hash = (uint64_t)id * 2 + (uint64_t)subject;
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((hash ^ (hash >> 31)) & (SLOT_COUNT - 1));
}

struct version versions_note(const struct versions *versions, size_t slot) {
    return (struct version){.counter = atomic_load(&versions->counters[slot]),
                            .epoch = atomic_load(&versions->epoch)};
}

bool version_equal(struct version a, struct version b) {
    return a.counter == b.counter && a.epoch == b.epoch;
}

bool version_is_newer(struct version a, struct version b) {
    return a.counter > b.counter || a.epoch > b.epoch;
}

void versions_raise(struct versions *versions, size_t slot) {
    atomic_fetch_add(&versions->counters[slot], 1);
}

void versions_invalidate_all(struct versions *versions, int64_t now_ms) {
    /* In this order: who notes the new epoch knows the time. A later time of another process stays;
     * one far in the future is of before the machine started. */
    int64_t invalidated_ms = atomic_load(&versions->invalidated_ms);
    while ((invalidated_ms < now_ms || invalidated_ms - now_ms > VERSIONS_SILENT_AFTER_MS) &&
           !atomic_compare_exchange_weak(&versions->invalidated_ms, &invalidated_ms, now_ms)) {
    }
    atomic_fetch_add(&versions->epoch, 1);
}

int64_t versions_max_age_ms(const struct versions *versions, int64_t now_ms) {
    int64_t age_ms = now_ms - atomic_load(&versions->invalidated_ms);
    return age_ms < VERSIONS_LEAST_MAX_AGE_MS ? VERSIONS_LEAST_MAX_AGE_MS : age_ms;
}

static void join(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    *member = (struct versions_member){0};
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        int64_t nobody = 0;
        if (atomic_compare_exchange_strong(&versions->member_beats_ms[i], &nobody, now_ms)) {
            *member = (struct versions_member){.index = i, .beat_ms = now_ms};
            return;
        }
    }
}

static bool stay(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    /* Fails when this process stood still for so long that another took it for dead. */
    int64_t last_ms = member->beat_ms;
    bool kept = last_ms != 0 && atomic_compare_exchange_strong(
                                    &versions->member_beats_ms[member->index], &last_ms, now_ms);
    member->beat_ms = kept ? now_ms : 0;
    return kept;
}

bool versions_beat(struct versions *versions, struct versions_member *member, int64_t now_ms) {
    bool invalidated = false;
    if (!stay(versions, member, now_ms)) {
        join(versions, member, now_ms);
    }
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        int64_t beat_ms = atomic_load(&versions->member_beats_ms[i]);
        /* A beat of the future is one of before the machine started. */
        if (beat_ms != 0 && (now_ms - beat_ms > VERSIONS_SILENT_AFTER_MS ||
                             beat_ms - now_ms > VERSIONS_SILENT_AFTER_MS)) {
            /* Invalidates first: who dies in between leaves the dead member for the next to see. */
            versions_invalidate_all(versions, now_ms);
            atomic_compare_exchange_strong(&versions->member_beats_ms[i], &beat_ms, 0);
            invalidated = true;
        }
    }
    return invalidated;
}

void versions_leave(struct versions *versions, const struct versions_member *member) {
    int64_t last_ms = member->beat_ms;
    if (last_ms != 0) {
        atomic_compare_exchange_strong(&versions->member_beats_ms[member->index], &last_ms, 0);
    }
}

enum versions_file versions_file_look(const struct versions *versions, const char *path,
                                      int descriptor) {
    struct stat mapped, named;
    if (is_cut_off(versions) ||
        (fstat(descriptor, &mapped) == 0 && mapped.st_size != sizeof(struct versions))) {
        return VERSIONS_FILE_CUT;
    }
    bool is_named =
        stat(path, &named) == 0 && named.st_dev == mapped.st_dev && named.st_ino == mapped.st_ino;
    return is_named ? VERSIONS_FILE_KEPT : VERSIONS_FILE_LOST;
}

bool versions_restore(struct versions *versions, int descriptor, uint64_t epoch, char *error,
                      size_t error_size) {
    int reason = ftruncate(descriptor, sizeof *versions) != 0 ? errno : allocate(descriptor);
    if (reason != 0) {
        snprintf(error, error_size, "QA_SHARED_FILE: %s", strerror(reason));
        return false;
    }
    if (is_cut_off(versions)) {
        if (!map_over(versions, MAP_SHARED, descriptor)) {
            snprintf(error, error_size, "QA_SHARED_FILE: %s", strerror(errno));
            return false;
        }
        guard_of(versions)->is_cut = 0;
    }
    uint64_t now = atomic_load(&versions->epoch);
    while (now < epoch &&
           !atomic_compare_exchange_weak(&versions->epoch, &now, epoch + EPOCHS_BETWEEN_LOOKS)) {
    }
    atomic_store(&versions->layout_version, LAYOUT_VERSION);
    versions_invalidate_all(versions, clock_ms());
    return true;
}

static bool has_living_service(const struct versions *versions, int64_t now_ms) {
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        int64_t beat_ms = atomic_load(&versions->member_beats_ms[i]);
        if (beat_ms != 0 && llabs(now_ms - beat_ms) <= VERSIONS_SILENT_AFTER_MS) {
            return true;
        }
    }
    return false;
}

/* Maps what a service has made, as it is: nothing is made, enlarged or waited for. NULL, with one
 * line in `error`, unless it is the file of a service. */
static struct versions *map_as_it_is(int descriptor, char *error, size_t error_size) {
    struct stat file;
    struct versions *versions = MAP_FAILED;
    if (fstat(descriptor, &file) == 0 && file.st_size == sizeof *versions) {
        versions = mmap(NULL, sizeof *versions, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    }
    if (versions != MAP_FAILED && versions_guard(versions) &&
        atomic_load(&versions->layout_version) == LAYOUT_VERSION) {
        return versions;
    }
    if (versions != MAP_FAILED) {
        versions_unmap(versions);
    }
    snprintf(error, error_size, "QA_SHARED_FILE: %s", of_another_version);
    return NULL;
}

static bool is_empty(int descriptor) {
    struct stat file;
    return fstat(descriptor, &file) == 0 && file.st_size == 0;
}

enum versions_notified versions_notify(const char *path, char *error, size_t error_size) {
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        bool is_missing = errno == ENOENT || errno == ENOTDIR;
        say_why_it_is_not_open(path, error, error_size);
        return is_missing ? VERSIONS_NOBODY : VERSIONS_NOT_NOTIFIED;
    }
    struct versions *versions = map_as_it_is(descriptor, error, error_size);
    bool is_unused = is_empty(descriptor);
    close(descriptor);
    if (!versions) {
        return is_unused ? VERSIONS_NOBODY : VERSIONS_NOT_NOTIFIED;
    }
    versions_invalidate_all(versions, clock_ms());
    bool is_heard = has_living_service(versions, clock_ms()) && !is_cut_off(versions);
    versions_unmap(versions);
    return is_heard ? VERSIONS_NOTIFIED : VERSIONS_NOBODY;
}

/* A temporary folder for the tests of a case. */
#include "scratch.h"

#include <check.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32];

void scratch_make(void) {
    strcpy(folder, "/tmp/atelier-qa-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    if (remove(path) == 0) {
        return 0;
    }
    return umount2(path, MNT_DETACH) == 0 ? remove(path) : -1; /* of scratch_mount_small() */
}

void scratch_remove(void) {
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

const char *scratch_file(const char *name, const char *text) {
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
    return path;
}

bool scratch_mount_small(const char *name, size_t bytes) {
    const char *path = scratch_path(name);
    char size[32];
    snprintf(size, sizeof size, "size=%zu", bytes);
    return unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdir(path, 0700) == 0 &&
           mount("tmpfs", path, "tmpfs", 0, size) == 0;
}

/* The file that the log goes to. */
#include "ops/log_file.h"

#include "ops/line_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

/* Of this process, as standard error is. NULL: no file was named. */
static char *log_path;

static bool open_as_standard_error(const char *path) {
    int opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, FILE_MODE);
    if (opened < 0) {
        return false;
    }
    bool ok = dup3(opened, STDERR_FILENO, 0) >= 0; /* workers inherit it */
    close(opened);
    if (ok) {
        line_write_elsewhere();
    }
    return ok;
}

bool log_file_open(const char *path) {
    if (!*path) {
        return true;
    }
    char *copy = strdup(path);
    if (!copy || !open_as_standard_error(path)) {
        free(copy);
        return false;
    }
    free(log_path);
    log_path = copy;
    return true;
}

void log_file_follow(void) {
    struct stat named, open_one;
    if (!log_path) {
        return;
    }
    if (stat(log_path, &named) != 0 || fstat(STDERR_FILENO, &open_one) != 0 ||
        named.st_dev != open_one.st_dev || named.st_ino != open_one.st_ino) {
        (void)open_as_standard_error(log_path);
    }
}

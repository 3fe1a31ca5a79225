/* The progress of a long run, on standard error. */
#include "ops/progress.h"

#include "ops/clock.h"

#include <stdio.h>
#include <unistd.h>

enum {
    TERMINAL_FIRST_MS = 500,
    TERMINAL_EVERY_MS = 100,
    PLAIN_FIRST_MS = 2000,
    PLAIN_EVERY_MS = 5000,
    BAR_WIDTH = 20,
};

void progress_start(struct progress *progress, const char *label) {
    bool terminal = isatty(STDERR_FILENO) == 1;
    int64_t now = clock_ms();
    *progress = (struct progress){
        .label = label,
        .terminal = terminal,
        .started_ms = now,
        .next_ms = now + (terminal ? TERMINAL_FIRST_MS : PLAIN_FIRST_MS),
    };
}

static void print_bar(double share) {
    static const char full[] = "####################";
    static const char empty[] = "....................";
    _Static_assert(sizeof full == BAR_WIDTH + 1 && sizeof empty == sizeof full, "one bar");
    int filled = (int)(share * BAR_WIDTH);
    fprintf(stderr, "[%.*s%.*s] ", filled, full, BAR_WIDTH - filled, empty);
}

static void print_time(double seconds) {
    long whole = (long)(seconds + 0.5);
    fprintf(stderr, "%ld:%02ld", whole / 60, whole % 60);
}

/* Begins a line when it is time for one; since when it has been under way, in seconds. */
static bool begin_line(struct progress *progress, double *seconds) {
    int64_t now = clock_ms();
    if (now < progress->next_ms) {
        return false;
    }
    progress->next_ms = now + (progress->terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS);
    *seconds = (double)(now - progress->started_ms) / 1000;
    if (progress->terminal) {
        fputs("\r\033[K", stderr);
        progress->bar_shown = true;
    }
    fprintf(stderr, "%s: ", progress->label);
    return true;
}

static void end_line(const struct progress *progress) {
    if (!progress->terminal) {
        fputc('\n', stderr);
    }
}

void progress_update(struct progress *progress, uint64_t rows, uint64_t done, uint64_t total) {
    double seconds, share = total == 0 ? 0 : (double)done / (double)total;
    if (!begin_line(progress, &seconds)) {
        return;
    }
    if (progress->terminal && total != 0) {
        print_bar(share);
    }
    if (total != 0) {
        fprintf(stderr, "%d%%, ", (int)(share * 100));
    }
    fprintf(stderr, "%llu rows, %.0f/s", (unsigned long long)rows, (double)rows / seconds);
    if (share > 0) {
        fputs(", ", stderr);
        print_time(seconds / share - seconds);
        fputs(" left", stderr);
    }
    end_line(progress);
}

void progress_wait(struct progress *progress) {
    double seconds;
    if (!begin_line(progress, &seconds)) {
        return;
    }
    print_time(seconds);
    end_line(progress);
}

void progress_finish(struct progress *progress) {
    if (progress->bar_shown) {
        fputs("\r\033[K", stderr);
    }
    progress->bar_shown = false;
}

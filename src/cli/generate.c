/*
 * `atelier-qa generate DIR`: options, files, progress and failures; the rows come from
 * generate/dataset.h.
 *
 * The files are written under temporary names and get their own when all three are complete; what
 * a failure or a signal to stop leaves unfinished is removed.
 */
#include "cli/generate.h"

#include "cli/exit_status.h"
#include "cli/help.h"
#include "generate/dataset.h"
#include "import/csv_writer.h"
#include "ops/folders.h"
#include "ops/number.h"
#include "ops/progress.h"
#include "ops/stop_signals.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_SEED = 1,
    PRODUCTS_PER_CHECK = 256, /* how often to look for errors and signals, and to show progress */
};

struct options {
    const char *directory;
    uint64_t products;
    uint64_t seed;
    bool help;
};

static bool parse_number(const char *option, const char *text, uint64_t low, uint64_t high,
                         uint64_t *number) {
    if (number_parse(text, strlen(text), low, high, number)) {
        return true;
    }
    fprintf(stderr, "generate: %s must be an integer from %" PRIu64 " to %" PRIu64 ", not %s\n",
            option, low, high, text);
    return false;
}

static bool parse_options(int argc, char **argv, struct options *options) {
    static const struct option known[] = {{"products", required_argument, NULL, 'p'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options = (struct options){.products = FULL_PRODUCTS, .seed = DEFAULT_SEED};
    optind = 0; /* start anew, even when options were parsed before */
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (option) {
        case 'p':
            if (!parse_number("--products", optarg, 1, MAX_PRODUCTS, &options->products)) {
                return false;
            }
            break;
        case 's':
            if (!parse_number("--seed", optarg, 0, UINT64_MAX, &options->seed)) {
                return false;
            }
            break;
        case 'h':
            options->help = true;
            return true;
        default: /* getopt_long has said what is wrong */
            return false;
        }
    }
    if (argc - optind != 1 || argv[optind][0] == '\0') {
        fputs("generate: exactly one directory is needed, see generate --help\n", stderr);
        return false;
    }
    options->directory = argv[optind];
    return true;
}

static bool create_directory(const char *directory) {
    char *path;
    if (asprintf(&path, "%s/", directory) < 0) {
        return false;
    }
    bool created = folders_make_for(path, 0777);
    free(path);
    return created;
}

static bool open_files(struct csv_writer *files, const char *directory) {
    for (int i = 0; i < DATASET_FILES; i++) {
        if (!csv_writer_open(&files[i], directory, layouts[i].file, layouts[i].header, 0666)) {
            return false;
        }
    }
    return true;
}

/* The first file that could not be written, or NULL. */
static const struct csv_writer *failed_file(const struct csv_writer *files) {
    for (int i = 0; i < DATASET_FILES; i++) {
        if (files[i].error != 0) {
            return &files[i];
        }
    }
    return NULL;
}

static uint64_t count_rows(const struct dataset_rows *rows) {
    return (uint64_t)rows->questions + rows->answers + rows->photos;
}

/* False when a signal stopped it. */
static bool write_rows(struct csv_writer *files, struct dataset *dataset) {
    struct progress progress;
    progress_start(&progress, "generate");
    bool stopped = false;
    while (dataset->products_written < dataset->products && failed_file(files) == NULL &&
           !stopped) {
        dataset_write_product(dataset, files);
        if (dataset->products_written % PRODUCTS_PER_CHECK == 0) {
            uint64_t rows = count_rows(&dataset->written);
            progress_update(&progress, rows, rows, count_rows(&dataset->total));
            stopped = stop_signals_pending();
        }
    }
    progress_finish(&progress);
    return !stopped;
}

static bool finish_files(struct csv_writer *files) {
    bool done = true;
    for (int i = 0; i < DATASET_FILES; i++) {
        done = csv_writer_close(&files[i]) && done;
    }
    for (int i = 0; i < DATASET_FILES && done; i++) {
        done = csv_writer_publish(&files[i]);
    }
    return done;
}

static bool generate_files(struct csv_writer *files, struct dataset *dataset,
                           const char *directory) {
    if (!create_directory(directory)) {
        fprintf(stderr, "generate: cannot create %s: %s\n", directory, strerror(errno));
        return false;
    }
    bool done = open_files(files, directory);
    if (done && !write_rows(files, dataset)) {
        fputs("generate: stopped, nothing was kept\n", stderr);
        return false;
    }
    done = done && finish_files(files);
    if (!done) {
        const struct csv_writer *failed = failed_file(files);
        fprintf(stderr, "generate: cannot write %s/%s: %s\n", directory,
                layouts[failed - files].file, strerror(failed->error));
    }
    return done;
}

static bool generate(const struct options *options) {
    struct csv_writer files[DATASET_FILES] = {{0}};
    struct dataset dataset;
    dataset_init(&dataset, (uint32_t)options->products, options->seed);
    bool done = generate_files(files, &dataset, options->directory);
    for (int i = 0; i < DATASET_FILES; i++) {
        csv_writer_discard(&files[i]);
    }
    if (done) {
        printf("%s: %" PRIu32 " questions, %" PRIu32 " answers and %" PRIu32 " photos of %" PRIu32
               " products\n",
               options->directory, dataset.written.questions, dataset.written.answers,
               dataset.written.photos, dataset.products_written);
    }
    return done;
}

int generate_command(int argc, char **argv) {
    struct options options;
    if (!parse_options(argc, argv, &options)) {
        return STATUS_USAGE;
    }
    if (options.help) {
        (void)help_print("generate");
        return STATUS_OK;
    }
    sigset_t before = stop_signals_hold();
    bool done = generate(&options);
    stop_signals_release(&before);
    return done ? STATUS_OK : STATUS_FAILED;
}

/* `atelier-qa import DIR`: options and files; the work is done by import/import.h. */
#include "cli/import.h"

#include "cli/exit_status.h"
#include "import/import.h"
#include "ops/config.h"
#include "ops/stop_signals.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(void) {
    puts("Usage: atelier-qa import DIR [OPTION ...]\n"
         "       atelier-qa import [--questions FILE] [--answers FILE] [--photos FILE] [OPTION "
         "...]\n"
         "\n"
         "Loads questions.csv, answers.csv and answers_photos.csv from DIR, or the files named, "
         "any\n"
         "of which may be missing, into the database of QA_OWNER_DATABASE_URL (default:\n"
         "DATABASE_URL). All or nothing: a failure or Ctrl-C leaves the database as it was. A row\n"
         "whose id the database has is left as it is. Bad rows are listed and do not stop the "
         "rest.\n"
         "The service may run meanwhile. gzip is recognised; FILE may be - for standard input.\n"
         "\n"
         "  --rejects FILE  where to list bad rows, when there are any (default rejected.csv)\n"
         "  --replace       remove the sample data, and what was posted beside them, first\n"
         "  --sample        mark the data as sample data\n"
         "  --if-empty      do nothing where the database holds data\n"
         "  --help          print this\n"
         "\n"
         "Exit status: 0 all rows were good, 1 failed, 2 wrong usage, 3 done but with bad rows.");
}

/* The command's options; `directory` is NULL where files were named. */
struct options {
    struct import_options import;
    const char *directory;
    bool help;
};

static bool wrong(const char *what) {
    fprintf(stderr, "import: %s, see import --help\n", what);
    return false;
}

/* A directory or files, and standard input at most once. */
static bool check_sources(const struct options *options) {
    int files = 0, standard = 0;
    for (int i = 0; i < DATASET_FILES; i++) {
        const char *path = options->import.paths[i];
        files += path != NULL;
        standard += path && strcmp(path, "-") == 0;
    }
    if ((files == 0) == (options->directory == NULL)) {
        return wrong("a directory or some files are needed, and not both");
    }
    return standard <= 1 || wrong("only one file can come from standard input");
}

static bool parse_options(int argc, char **argv, struct options *options) {
    enum { HELP = 'h', REJECTS = 256, REPLACE, SAMPLE, IF_EMPTY, FILES };
    static const struct option known[] = {
        {"questions", required_argument, NULL, FILES + QUESTIONS_FILE},
        {"answers", required_argument, NULL, FILES + ANSWERS_FILE},
        {"photos", required_argument, NULL, FILES + PHOTOS_FILE},
        {"rejects", required_argument, NULL, REJECTS},
        {"replace", no_argument, NULL, REPLACE},
        {"sample", no_argument, NULL, SAMPLE},
        {"if-empty", no_argument, NULL, IF_EMPTY},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0}};
    *options = (struct options){.import = {.rejects = "rejected.csv"}};
    optind = 0; /* start anew, even when options were parsed before */
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (option) {
        case FILES + QUESTIONS_FILE:
        case FILES + ANSWERS_FILE:
        case FILES + PHOTOS_FILE:
            options->import.paths[option - FILES] = optarg;
            break;
        case REJECTS:
            options->import.rejects = optarg;
            break;
        case REPLACE:
            options->import.replace = true;
            break;
        case SAMPLE:
            options->import.is_sample = true;
            break;
        case IF_EMPTY:
            options->import.only_if_empty = true;
            break;
        case HELP:
            options->help = true;
            return true;
        default: /* getopt_long has said what is wrong */
            return false;
        }
    }
    if (argc - optind > 1) {
        return wrong("more than one directory");
    }
    options->directory = argv[optind];
    return check_sources(options);
}

/* The path of a file in the directory, also as .gz; NULL when there is none. The caller's. */
static char *find_file(const char *directory, const char *name) {
    static const char *const endings[] = {"", ".gz"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *path;
        if (asprintf(&path, "%s/%s%s", directory, name, endings[i]) < 0) {
            return NULL;
        }
        if (access(path, F_OK) == 0) {
            return path;
        }
        free(path);
    }
    return NULL;
}

static int run(const struct import_options *options) {
    sigset_t before = stop_signals_hold();
    enum import_outcome outcome = import_run(options);
    stop_signals_release(&before);
    return outcome == IMPORT_DONE     ? STATUS_OK
           : outcome == IMPORT_FAILED ? STATUS_FAILED
                                      : STATUS_REJECTS;
}

static int run_on_directory(struct import_options *options, const char *directory) {
    char *paths[DATASET_FILES];
    int found = 0, status = STATUS_FAILED;
    for (int i = 0; i < DATASET_FILES; i++) {
        options->paths[i] = paths[i] = find_file(directory, dataset_files[i].name);
        found += paths[i] != NULL;
    }
    if (found > 0) {
        status = run(options);
    } else {
        fprintf(stderr, "import: %s has none of %s, %s and %s\n", directory, dataset_files[0].name,
                dataset_files[1].name, dataset_files[2].name);
    }
    for (int i = 0; i < DATASET_FILES; i++) {
        free(paths[i]);
    }
    return status;
}

int import_command(int argc, char **argv) {
    struct options options;
    struct config config;
    char error[256];
    if (!parse_options(argc, argv, &options)) {
        return STATUS_USAGE;
    }
    if (options.help) {
        print_help();
        return STATUS_OK;
    }
    if (config_load(&config, 1, argv, error, sizeof error) != CONFIG_OK) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        return STATUS_USAGE;
    }
    fputs(config.remarks, stderr);
    options.import.database_url = config.owner_database_url;
    options.import.shared_file = config.shared_file;
    int status = options.directory ? run_on_directory(&options.import, options.directory)
                                   : run(&options.import);
    config_free(&config);
    return status;
}

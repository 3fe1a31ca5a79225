/* `atelier-qa import DIR`: options and files; the work is done by import/import.h. */
#include "cli/import.h"

#include "cli/check.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/help.h"
#include "import/import.h"
#include "ops/config_load.h"
#include "ops/stop_signals.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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

enum { HELP = 'h', REJECTS = 256, REPLACE, SAMPLE, IF_EMPTY, DRY_RUN, FILES };

static const struct option known_options[] = {
    {"questions", required_argument, NULL, FILES + QUESTIONS_FILE},
    {"answers", required_argument, NULL, FILES + ANSWERS_FILE},
    {"photos", required_argument, NULL, FILES + PHOTOS_FILE},
    {"rejects", required_argument, NULL, REJECTS},
    {"replace", no_argument, NULL, REPLACE},
    {"sample", no_argument, NULL, SAMPLE},
    {"if-empty", no_argument, NULL, IF_EMPTY},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0}};

static bool parse_options(int argc, char **argv, struct options *options) {
    *options = (struct options){0};
    optind = 0; /* start anew, even when options were parsed before */
    for (int option; (option = getopt_long(argc, argv, "h", known_options, NULL)) != -1;) {
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
        case DRY_RUN:
            options->import.dry_run = true;
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

/* The name that a file has in the folder, whatever its case. NULL when there is none, or when
 * several have it, which *is_ambiguous tells; else the caller's. */
static char *find_name(const char *directory, const char *wanted, bool *is_ambiguous) {
    DIR *folder = opendir(directory);
    char *found = NULL;
    for (struct dirent *entry; folder && !*is_ambiguous && (entry = readdir(folder));) {
        if (strcasecmp(entry->d_name, wanted) == 0) {
            *is_ambiguous = found != NULL;
            free(found);
            found = *is_ambiguous ? NULL : strdup(entry->d_name);
        }
    }
    if (folder) {
        closedir(folder);
    }
    return found;
}

/* The path of a file in the folder, also as .gz: NULL when there is none; the caller's. False when
 * several have its name. */
static bool find_file(const char *directory, const char *name, char **path) {
    static const char *const endings[] = {"", ".gz"};
    *path = NULL;
    for (size_t i = 0; i < sizeof endings / sizeof *endings && !*path; i++) {
        bool is_ambiguous = false;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%s%s", name, endings[i]);
        char *found = find_name(directory, wanted, &is_ambiguous);
        if (is_ambiguous) {
            fprintf(stderr, "import: %s has several files named %s, in different case\n", directory,
                    wanted);
            return false;
        }
        if (found && asprintf(path, "%s/%s", directory, found) < 0) {
            *path = NULL;
        }
        free(found);
    }
    return true;
}

static int run(const struct import_options *options) {
    sigset_t before = stop_signals_hold();
    enum import_outcome outcome = import_run(options);
    stop_signals_release(&before);
    static const int statuses[] = {[IMPORT_DONE] = STATUS_OK,
                                   [IMPORT_FAILED] = STATUS_FAILED,
                                   [IMPORT_WITH_REJECTS] = STATUS_REJECTS,
                                   [IMPORT_UNTOLD] = STATUS_UNTOLD,
                                   [IMPORT_UNKNOWN] = STATUS_UNKNOWN};
    return statuses[outcome];
}

static bool is_folder(const char *directory) {
    struct stat status;
    if (stat(directory, &status) != 0) {
        fprintf(stderr, "import: there is no folder %s: %s\n", directory, strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        fprintf(stderr, "import: %s is a file and no folder, see import --help for single files\n",
                directory);
        return false;
    }
    if (access(directory, R_OK | X_OK) != 0) {
        fprintf(stderr, "import: cannot read the folder %s: %s\n", directory, strerror(errno));
        return false;
    }
    return true;
}

/* Finds the files of the folder; the caller releases the paths. */
static bool find_files(const char *directory, char *paths[DATASET_FILES]) {
    int found = 0;
    for (int i = 0; i < DATASET_FILES; i++) {
        if (!find_file(directory, layouts[i].file, &paths[i])) {
            return false;
        }
        found += paths[i] != NULL;
    }
    if (found == 0) {
        fprintf(stderr, "import: %s has none of %s, %s and %s\n", directory, layouts[0].file,
                layouts[1].file, layouts[2].file);
    }
    return found > 0;
}

/* Where bad rows are listed unless the command line says it: beside the first file that has a path.
 * The caller's; NULL when out of memory. */
static char *default_rejects(const struct import_options *options) {
    static const char name[] = "rejected.csv";
    for (int i = 0; i < DATASET_FILES; i++) {
        const char *path = options->paths[i];
        if (path && strcmp(path, "-") != 0) {
            const char *slash = strrchr(path, '/');
            int folder_length = slash ? (int)(slash + 1 - path) : 0;
            char *rejects;
            return asprintf(&rejects, "%.*s%s", folder_length, path, name) < 0 ? NULL : rejects;
        }
    }
    fprintf(stderr,
            "import: bad rows of standard input will be listed in ./%s; --rejects FILE says "
            "where else\n",
            name);
    return strdup(name);
}

static int run_with_rejects(struct import_options *options) {
    char *rejects = options->rejects ? NULL : default_rejects(options);
    if (!options->rejects) {
        options->rejects = rejects;
    }
    int status = options->rejects ? run(options) : STATUS_FAILED;
    free(rejects);
    return status;
}

static int run_on_directory(struct import_options *options, const char *directory) {
    char *paths[DATASET_FILES] = {NULL};
    int status = STATUS_FAILED;
    if (is_folder(directory) && find_files(directory, paths)) {
        memcpy(options->paths, paths, sizeof paths);
        status = run_with_rejects(options);
    }
    for (int i = 0; i < DATASET_FILES; i++) {
        free(paths[i]);
    }
    return status;
}

int import_command(int argc, char **argv) {
    struct options options;
    struct config config;
    char error[512];
    if (!parse_options(argc, argv, &options)) {
        return STATUS_USAGE;
    }
    if (options.help) {
        (void)help_print("import");
        return STATUS_OK;
    }
    int status;
    if (!command_load(&config, 1, argv, &status)) {
        return status;
    }
    fputs(config.remarks, stderr);
    if (!check_owner_database(&config, error, sizeof error)) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        config_free(&config);
        return STATUS_FAILED;
    }
    options.import.database_url = config.owner_database_url;
    options.import.shared_file = config.shared_file;
    options.import.have_no_caches = config.cache_mb == 0;
    options.import.lease_ms = config.lease_ms;
    status = options.directory ? run_on_directory(&options.import, options.directory)
                               : run_with_rejects(&options.import);
    config_free(&config);
    return status;
}

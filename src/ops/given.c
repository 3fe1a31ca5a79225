/* What was given for each setting, by flags, the environment, files and QA_ENV_FILE. */
#include "ops/given.h"

#include "ops/error_text.h"
#include "ops/setting_names.h"
#include "ops/setting_table.h"
#include "ops/words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The contents of a file, kept while settings are read. */
struct file {
    struct file *next;
    char text[];
};

static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* The contents of a file of at most 64 KiB, without a byte-order mark and trailing line ends; NULL
 * with errno set, EILSEQ where it is not text of one byte a letter. */
static char *read_small_file(struct given *given, const char *path) {
    enum { LIMIT = 64 * 1024 };
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return NULL;
    }
    struct file *file = calloc(1, sizeof *file + LIMIT + 1);
    size_t length = 0;
    ssize_t count = file ? 1 : -1;
    while (count > 0 && length <= LIMIT) {
        count = read(descriptor, file->text + length, LIMIT + 1 - length);
        length += count > 0 ? (size_t)count : 0;
    }
    bool is_text = count == 0 && strlen(file->text) == length;
    int reason = length > LIMIT ? EFBIG : count == 0 ? EILSEQ : errno;
    close(descriptor);
    if (count < 0 || length > LIMIT || !is_text) {
        free(file);
        errno = reason;
        return NULL;
    }
    while (length > 0 && (file->text[length - 1] == '\n' || file->text[length - 1] == '\r')) {
        file->text[--length] = '\0';
    }
    file->next = given->files;
    given->files = file;
    bool has_mark = strncmp(file->text, byte_order_mark, sizeof byte_order_mark - 1) == 0;
    return file->text + (has_mark ? sizeof byte_order_mark - 1 : 0);
}

/* One line on a name that is no setting, with the one that may have been meant. */
static void describe_unknown(const char *name, char *text, size_t size) {
    const char *nearest = setting_name_nearest(name);
    snprintf(text, size, "%s is not a setting%s%s%s", name, nearest ? "; did you mean " : "",
             nearest ? nearest : "", nearest ? "?" : "");
}

static const char *why_unreadable(void) {
    return errno == EILSEQ ? "it holds zero bytes, as UTF-16 has them; UTF-8 is needed"
                           : strerror(errno);
}

/* Notes that a setting has a value under its old name, and whether that is of any use. */
static void note_old_name(const struct given *given, size_t index, const char *old) {
    const char *now = setting_table[index].variable;
    fprintf(given->remarks,
            given->text[index] ? "%s has no effect: %s, its new name, is set\n"
                               : "%s is the old name of %s: it still works\n",
            old, now);
}

/* The flag of a variable: workers of QA_WORKERS. */
static void make_flag(char *flag, size_t size, const char *variable) {
    size_t length = 0;
    for (const char *letter = variable + strlen("QA_"); *letter && length + 1 < size; letter++) {
        flag[length++] = (char)(*letter == '_' ? '-' : tolower((unsigned char)*letter));
    }
    flag[length] = '\0';
}

enum {
    HELP_FLAG = 'h',
    FIRST_FLAG = 256,                           /* of the setting at index 0 */
    FIRST_OLD_FLAG = FIRST_FLAG + SETTING_COUNT /* likewise, by its old name */
};

struct flags {
    struct option options[2 * SETTING_COUNT + 2]; /* the last ends them */
    char old_flags[SETTING_COUNT][64];
};

static void list_flags(struct flags *flags) {
    struct option *option = flags->options;
    *option++ = (struct option){"help", no_argument, NULL, HELP_FLAG};
    for (int i = 0; i < SETTING_COUNT; i++) {
        const char *old = setting_name_old(setting_table[i].variable);
        if (setting_table[i].flag) {
            *option++ =
                (struct option){setting_table[i].flag, required_argument, NULL, FIRST_FLAG + i};
        }
        if (old) {
            make_flag(flags->old_flags[i], sizeof flags->old_flags[i], old);
            *option++ =
                (struct option){flags->old_flags[i], required_argument, NULL, FIRST_OLD_FLAG + i};
        }
    }
}

/* getopt_long() also takes the beginning of a flag, which another one may have tomorrow. */
static bool is_whole(const char *argument, const char *flag) {
    return strcspn(argument, "=") == strlen("--") + strlen(flag);
}

static bool read_flags(struct given *given, int argc, char **argv, bool *help, char *error,
                       size_t size) {
    struct flags flags = {0};
    list_flags(&flags);
    opterr = 0;
    optind = 0; /* from the beginning */
    int found, place = 0;
    const char *argument = argc > 1 ? argv[1] : NULL;
    while (argument && (found = getopt_long(argc, argv, "-:h", flags.options, &place)) != -1) {
        bool is_known = found == HELP_FLAG || found == ':' || found >= FIRST_FLAG;
        if (!is_known || (found >= FIRST_FLAG && !is_whole(argument, flags.options[place].name))) {
            return error_text(error, size, "unknown argument '%s' (--help lists all)", argument);
        }
        if (found == HELP_FLAG) {
            *help = true;
            return true;
        }
        if (found == ':') {
            return error_text(error, size, "%s needs a value", argument);
        }
        int index = found - (found < FIRST_OLD_FLAG ? FIRST_FLAG : FIRST_OLD_FLAG);
        if (found >= FIRST_OLD_FLAG) {
            note_old_name(given, (size_t)index, setting_name_old(setting_table[index].variable));
        }
        given->text[index] = optarg;
        given->origin[index] = ORIGIN_FLAG;
        argument = argv[optind];
    }
    return !argument || /* "--" */
           error_text(error, size, "unknown argument '%s' (--help lists all)", argument);
}

/* What one place says of a setting. */
struct said {
    enum setting_origin origin; /* of the value */
    const char *value;
    const char *path; /* of a secret: of the file that holds the value */
};

/* Takes what one place says. Empty ones are as good as none: compose files set them so. */
static bool take(struct given *given, size_t index, const struct said *said, char *error,
                 size_t size) {
    const char *value = said->value, *path = said->path;
    const char *variable = setting_table[index].variable;
    bool has_value = value && *value;
    bool has_path = setting_table[index].type == SETTING_SECRET && path && *path;
    if (given->text[index] || (!has_value && !has_path)) {
        return true;
    }
    if (has_value && has_path) {
        return error_text(error, size, "%s and %s_FILE are both set; set one", variable, variable);
    }
    given->text[index] = has_value ? value : read_small_file(given, path);
    given->origin[index] = has_value ? said->origin : ORIGIN_SECRET_FILE;
    return given->text[index] || error_text(error, size, "%s_FILE: cannot read '%s': %s", variable,
                                            path, why_unreadable());
}

/* Likewise of a setting's old name, which is no secret's; the setting's own name comes first. */
static void take_old(struct given *given, size_t index, const char *old, const struct said *said) {
    if (!said->value || !*said->value) {
        return;
    }
    note_old_name(given, index, old);
    if (!given->text[index]) {
        given->text[index] = said->value;
        given->origin[index] = said->origin;
    }
}

static bool read_environment(struct given *given, char *error, size_t size) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char file_variable[64];
        snprintf(file_variable, sizeof file_variable, "%s_FILE", setting_table[i].variable);
        const struct said said = {ORIGIN_ENVIRONMENT, getenv(setting_table[i].variable),
                                  getenv(file_variable)};
        if (!take(given, i, &said, error, size)) {
            return false;
        }
        const char *old = setting_name_old(setting_table[i].variable);
        if (old) {
            take_old(given, i, old, &(const struct said){ORIGIN_ENVIRONMENT, getenv(old), NULL});
        }
    }
    for (char **entry = environ; *entry; entry++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*entry, "="), *entry);
        if (setting_name_is_ours(name) && !setting_name_is_known(name, strlen(name))) {
            char remark[160];
            describe_unknown(name, remark, sizeof remark);
            fprintf(given->remarks, "%s\n", remark);
        }
    }
    return true;
}

static const char *line_value(const struct given *given, const char *name) {
    for (size_t i = 0; i < given->line_count; i++) {
        if (strcmp(given->lines[i].name, name) == 0) {
            return given->lines[i].value;
        }
    }
    return NULL;
}

/* Of the names of others, those that libpq reads from the environment, and nowhere else. */
static bool is_of_libpq(const char *name) {
    static const char *const names[] = {"PGHOST",    "PGHOSTADDR", "PGPORT",     "PGDATABASE",
                                        "PGUSER",    "PGPASSWORD", "PGPASSFILE", "PGSERVICE",
                                        "PGSSLMODE", NULL};
    return words_have(names, name);
}

/* The other form in which the environment may set the same: NAME_FILE of NAME, and NAME of
 * NAME_FILE. NULL where it does not. */
static const char *value_of_other_form(const char *name) {
    static const char ending[] = "_FILE";
    char other[64];
    size_t length = strlen(name), cut = sizeof ending - 1;
    bool is_file = length > cut && strcmp(name + length - cut, ending) == 0;
    snprintf(other, sizeof other, "%.*s%s", (int)(is_file ? length - cut : length), name,
             is_file ? "" : ending);
    return setting_name_is_known(other, strlen(other)) ? getenv(other) : NULL;
}

/* Tells of a line that the environment overrides, unless it says the same. */
static void tell_if_in_vain(const struct given *given, const struct env_line *line,
                            const char *place) {
    const char *value = getenv(line->name), *other = value_of_other_form(line->name);
    bool is_overridden = (value && *value && strcmp(value, line->value) != 0) || (other && *other);
    if (*line->value && is_overridden) {
        fprintf(given->remarks, "%s%s has no effect: the environment sets it, too\n", place,
                line->name);
    }
}

/* What is wrong with a line, or what its writer may not expect. */
static bool check_line(const struct given *given, const struct env_line *line, const char *path,
                       char *error, size_t size) {
    char place[PATH_MAX + 32];
    snprintf(place, sizeof place, "%s: line %zu: ", path, line->number);
    if (setting_name_is_known(line->name, strlen(line->name))) {
        if (line_value(given, line->name)) {
            return error_text(error, size, "%s%s is set for the second time", place, line->name);
        }
        tell_if_in_vain(given, line, place);
        return strcmp(line->name, "QA_ENV_FILE") != 0 ||
               error_text(error, size, "%sQA_ENV_FILE cannot be set in the file that it names",
                          place);
    }
    char unknown[160];
    describe_unknown(line->name, unknown, sizeof unknown);
    if (setting_name_is_ours(line->name)) {
        return error_text(error, size, "%s%s", place, unknown);
    }
    if (is_of_libpq(line->name)) {
        fprintf(given->remarks, "%s%s has no effect in a file; set DATABASE_URL\n", place,
                line->name);
    } else if (setting_name_nearest(line->name)) {
        fprintf(given->remarks, "%s%s\n", place, unknown);
    }
    return true;
}

static bool read_lines(struct given *given, const char *path, char *error, size_t size) {
    char *rest = read_small_file(given, path);
    if (!rest) {
        return error_text(error, size, "QA_ENV_FILE: cannot read '%s': %s", path, why_unreadable());
    }
    struct env_line line = {0};
    enum env_line_kind kind;
    while ((kind = env_file_next(&rest, &line)) == ENV_LINE_SETTING) {
        if (!check_line(given, &line, path, error, size)) {
            return false;
        }
        struct env_line *lines = reallocarray(given->lines, given->line_count + 1, sizeof line);
        if (!lines) {
            return error_text(error, size, "out of memory");
        }
        given->lines = lines;
        given->lines[given->line_count++] = line;
    }
    return kind == ENV_LINE_END ||
           error_text(error, size, "%s: line %zu %s", path, line.number, line.reason);
}

/* Names that are no setting are left to others who read the same file. */
static bool read_env_file(struct given *given, const char *path, char *error, size_t size) {
    if (!read_lines(given, path, error, size)) {
        return false;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char file_variable[64];
        snprintf(file_variable, sizeof file_variable, "%s_FILE", setting_table[i].variable);
        const struct said said = {ORIGIN_ENV_FILE, line_value(given, setting_table[i].variable),
                                  line_value(given, file_variable)};
        if (!take(given, i, &said, error, size)) {
            return false;
        }
        const char *old = setting_name_old(setting_table[i].variable);
        const char *in_environment = old ? getenv(old) : NULL;
        if (old && !(in_environment && *in_environment)) {
            take_old(given, i, old,
                     &(const struct said){ORIGIN_ENV_FILE, line_value(given, old), NULL});
        }
    }
    return true;
}

bool given_read(struct given *given, int argc, char **argv, bool *help, char *error, size_t size) {
    if (!read_flags(given, argc, argv, help, error, size)) {
        return false;
    }
    if (*help) {
        return true;
    }
    if (!read_environment(given, error, size)) {
        return false;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(setting_table[i].variable, "QA_ENV_FILE") == 0 && given->text[i]) {
            return read_env_file(given, given->text[i], error, size);
        }
    }
    return true;
}

const char *given_elsewhere(const struct given *given, const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : line_value(given, name);
}

void given_free(struct given *given) {
    for (struct file *file = given->files; file;) {
        struct file *next = file->next;
        free(file);
        file = next;
    }
    free(given->lines);
}

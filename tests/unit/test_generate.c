/* `atelier-qa generate`: the files it writes, and what it does when it cannot. */
#include "cli/generate.h"
#include "generate/dataset.h"
#include "rules/text.h"
#include "scratch.h"
#include "suites.h"

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

enum {
    PRODUCTS = 2000,
    COLUMNS_MAX = 8,
};

/* Runs the command with up to five arguments, its messages thrown away. */
static int run(const char *first, const char *second, const char *third, const char *fourth,
               const char *fifth) {
    const char *arguments[] = {"generate", first, second, third, fourth, fifth, NULL};
    int count = 0;
    while (arguments[count] != NULL) {
        count++;
    }
    fflush(stdout);
    int kept_stdout = dup(STDOUT_FILENO), kept_stderr = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    int status = generate_command(count, (char **)arguments);
    fflush(stdout);
    dup2(kept_stdout, STDOUT_FILENO);
    dup2(kept_stderr, STDERR_FILENO);
    close(nowhere), close(kept_stdout), close(kept_stderr);
    return status;
}

/* Generates into a directory of this name; returns its path, to be freed. */
static char *generate(const char *name, const char *products, const char *seed) {
    char *directory = strdup(scratch_path(name));
    ck_assert_int_eq(run(directory, "--products", products, "--seed", seed), 0);
    return directory;
}

/* The bytes of a file, ended by NUL; free them. */
static char *read_file(const char *directory, const char *name, size_t *length) {
    char *path;
    ck_assert_int_ge(asprintf(&path, "%s/%s", directory, name), 0);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    char *bytes = NULL;
    size_t capacity = 0;
    ssize_t got = getdelim(&bytes, &capacity, '\0', file);
    ck_assert_int_ge(got, 0);
    *length = (size_t)got;
    fclose(file);
    free(path);
    return bytes;
}

/* Splits the row at *next in place and moves *next past it; returns its columns, 0 at the end. */
static int read_row(char **next, char *columns[COLUMNS_MAX]) {
    char *in = *next;
    int count = 0;
    for (char end = ','; end == ',' && *in != '\0'; count++) {
        ck_assert_int_lt(count, COLUMNS_MAX);
        char *out = columns[count] = in;
        if (*in == '"') {
            for (in++; in[0] != '"' || in[1] == '"'; in++) {
                in += *in == '"';
                *out++ = *in;
            }
            in++;
        } else {
            in += strcspn(in, "\",\n");
            out = in;
        }
        end = *in++;
        ck_assert_msg(end == ',' || end == '\n', "unquoted %c in a field", end);
        *out = '\0';
    }
    *next = in;
    return count;
}

static int64_t number(const char *digits) {
    char *end;
    int64_t value = strtoll(digits, &end, 10);
    ck_assert_msg(*digits != '\0' && *end == '\0', "not a number: %s", digits);
    return value;
}

static void check_text(const char *text, size_t fewest, size_t most) {
    size_t length = strlen(text);
    json_t *utf8 = json_stringn(text, length);
    ck_assert_msg(utf8 != NULL, "not UTF-8: %s", text);
    json_decref(utf8);
    ck_assert_msg(text_is_filled(text, length, most), "blank or too long: %s", text);
    ck_assert_msg(!text_is_filled(text, length, fewest - 1), "too short: %s", text);
}

START_TEST(the_same_seed_gives_the_same_bytes_and_another_does_not) {
    char *first = generate("seed-a", "300", "5"), *second = generate("seed-b", "300", "5"),
         *other = generate("seed-c", "300", "6");
    for (int i = 0; i < DATASET_FILES; i++) {
        size_t lengths[3];
        char *bytes[] = {read_file(first, layouts[i].file, &lengths[0]),
                         read_file(second, layouts[i].file, &lengths[1]),
                         read_file(other, layouts[i].file, &lengths[2])};
        ck_assert_mem_eq(bytes[0], bytes[1], lengths[0]);
        ck_assert_uint_eq(lengths[0], lengths[1]);
        ck_assert_msg(strcmp(bytes[0], bytes[2]) != 0, "%s is the same", layouts[i].file);
        free(bytes[0]), free(bytes[1]), free(bytes[2]);
    }
    free(first), free(second), free(other);
}
END_TEST

/* Made on x86-64. They change when the vocabulary or the shape does, and with nothing else. */
START_TEST(the_bytes_are_the_same_on_every_machine) {
    static const uint64_t hashes[DATASET_FILES] = {0x9d4777b97e11d7a5U, 0xa522cac82310537eU,
                                                   0xe50f52b7436d698eU};
    char *directory = generate("golden", "50", "1");
    for (int i = 0; i < DATASET_FILES; i++) {
        size_t length;
        char *bytes = read_file(directory, layouts[i].file, &length);
        uint64_t hash = XXH64(bytes, length, 0);
        ck_assert_msg(hash == hashes[i], "%s hashes to 0x%016" PRIx64, layouts[i].file, hash);
        free(bytes);
    }
    free(directory);
}
END_TEST

/* What is to know about the rows of a table to check those that belong to them; by id, from 1. */
struct rows {
    int64_t count;
    int64_t parent[8 * PRODUCTS];
    int64_t date_ms[8 * PRODUCTS]; /* 0 where there are no dates */
    int children[8 * PRODUCTS];
};

/* Checks a file of questions or answers, row by row, and collects what its children need. */
static void check_posts(const char *directory, int which, struct rows *parents,
                        struct rows *posts) {
    const int64_t first_ms = 1609459200000, last_ms = 1735689599999; /* 2021 to 2024 */
    size_t length;
    char *bytes = read_file(directory, layouts[which].file, &length);
    ck_assert_int_eq(strncmp(bytes, layouts[which].header, strlen(layouts[which].header)), 0);
    char *next = strchr(bytes, '\n') + 1, *columns[COLUMNS_MAX];
    int64_t reported = 0, helpful = 0, sellers = 0, id = 0;
    for (int count; (count = read_row(&next, columns)) != 0;) {
        ck_assert_int_eq(count, 8);
        ck_assert_int_eq(number(columns[0]), ++id);
        int64_t parent = number(columns[1]), date_ms = number(columns[3]);
        ck_assert_msg(parent >= 1 && parent <= parents->count, "no parent %ld", (long)parent);
        check_text(columns[2], 20, 250);
        ck_assert_msg(date_ms > parents->date_ms[parent] && date_ms >= first_ms &&
                          date_ms <= last_ms,
                      "date %ld", (long)date_ms);
        check_text(columns[4], 1, 60);
        bool is_seller = strcmp(columns[4], "Seller") == 0;
        ck_assert_msg(is_seller ? strcmp(columns[5], "null") == 0
                                : text_is_email(columns[5], strlen(columns[5])),
                      "e-mail of %s: %s", columns[4], columns[5]);
        sellers += is_seller;
        ck_assert_msg(number(columns[6]) == 0 || number(columns[6]) == 1, "%s", columns[6]);
        ck_assert_msg(number(columns[7]) >= 0 && number(columns[7]) <= 30, "%s", columns[7]);
        reported += number(columns[6]);
        helpful += number(columns[7]);
        parents->children[parent]++;
        posts->parent[id] = parent;
        posts->date_ms[id] = date_ms;
    }
    posts->count = id;
    free(bytes);
    ck_assert_msg(reported > id / 100 && reported < id / 20, "%ld reported", (long)reported);
    ck_assert_msg(helpful > 2 * id && helpful < 6 * id, "%ld helpful", (long)helpful);
    if (which == ANSWERS_FILE) { /* 3 of 100 */
        ck_assert_msg(sellers > id / 40 && sellers < id / 28, "%ld sellers", (long)sellers);
    } else {
        ck_assert_int_eq(sellers, 0);
    }
}

/* Photos are files of ours, and no answer has one of them twice. */
static void check_photos(const char *directory, struct rows *answers) {
    regex_t address;
    ck_assert_int_eq(
        regcomp(&address, "^/photos/[a-z]+/[a-z-]+-[1-5]\\.svg$", REG_EXTENDED | REG_NOSUB), 0);
    const char *siblings[5];
    size_t length;
    char *bytes = read_file(directory, layouts[PHOTOS_FILE].file, &length);
    char *next = strchr(bytes, '\n') + 1, *columns[COLUMNS_MAX];
    int64_t id = 0;
    for (int count; (count = read_row(&next, columns)) != 0;) {
        ck_assert_int_eq(count, 3);
        ck_assert_int_eq(number(columns[0]), ++id);
        ck_assert_msg(text_is_photo_url(columns[2], strlen(columns[2])), "URL %s", columns[2]);
        ck_assert_msg(regexec(&address, columns[2], 0, NULL, 0) == 0, "URL %s", columns[2]);
        int64_t answer = number(columns[1]);
        ck_assert_msg(answer >= 1 && answer <= answers->count, "no answer %ld", (long)answer);
        ck_assert_int_le(++answers->children[answer], 5);
        for (int earlier = 0; earlier < answers->children[answer] - 1; earlier++) {
            ck_assert_str_ne(siblings[earlier], columns[2]);
        }
        siblings[answers->children[answer] - 1] = columns[2];
    }
    regfree(&address);
    free(bytes);
    ck_assert_int_eq(id, 4127);
}

START_TEST(rows_keep_the_contract_and_the_shape) {
    static struct rows products, questions, answers;
    products.count = PRODUCTS;
    char *directory = generate("shape", "2000", "3");
    check_posts(directory, QUESTIONS_FILE, &products, &questions);
    check_posts(directory, ANSWERS_FILE, &questions, &answers);
    check_photos(directory, &answers);
    free(directory);

    ck_assert_int_eq(questions.count, 7038);
    ck_assert_int_eq(answers.count, 13758);
    int without = 0, most = 0, photos_of[PRODUCTS + 1] = {0};
    for (int product = 1; product <= PRODUCTS; product++) {
        without += products.children[product] == 0;
        most = products.children[product] > most ? products.children[product] : most;
    }
    ck_assert_msg(without > 100 && without < 400, "%d products without questions", without);
    ck_assert_msg(most > 20 && most < 100, "at most %d questions", most);

    for (int64_t answer = 1; answer <= answers.count; answer++) {
        photos_of[questions.parent[answers.parent[answer]]] += answers.children[answer];
    }
    for (int product = 1; product <= 20; product++) {
        ck_assert_int_ge(products.children[product], 4);
        ck_assert_int_ge(photos_of[product], 1);
    }
}
END_TEST

START_TEST(texts_hold_what_makes_csv_hard) {
    size_t length;
    char *directory = generate("hard", "200", "1");
    char *bytes = read_file(directory, "answers.csv", &length);
    static const char *const hard[] = {"\"\"", ", ", "\n\n", "é", "😀"};
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        ck_assert_msg(strstr(bytes, hard[i]) != NULL, "no %s", hard[i]);
    }
    free(bytes);
    free(directory);
}
END_TEST

START_TEST(one_product_is_enough) {
    free(generate("one", "1", "18446744073709551615"));
}
END_TEST

START_TEST(wrong_usage_is_status_2) {
    char *directory = strdup(scratch_path("usage"));
    ck_assert_int_eq(run(NULL, NULL, NULL, NULL, NULL), 2);
    ck_assert_int_eq(run("", NULL, NULL, NULL, NULL), 2);
    ck_assert_int_eq(run(directory, "another", NULL, NULL, NULL), 2);
    ck_assert_int_eq(run(directory, "--colour", NULL, NULL, NULL), 2);
    ck_assert_int_eq(run(directory, "--products", NULL, NULL, NULL), 2);
    static const char *const wrong[] = {"0",  "10000001", "-1",   "+1", " 1",
                                        "1 ", "1e3",      "many", "",   "18446744073709551617"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(run(directory, "--products", wrong[i], NULL, NULL) == 2, "%s", wrong[i]);
    }
    ck_assert_int_eq(run(directory, "--seed", "18446744073709551616", NULL, NULL), 2);
    ck_assert_int_ne(access(directory, F_OK), 0);
    ck_assert_int_eq(run("--help", NULL, NULL, NULL, NULL), 0);
    free(directory);
}
END_TEST

START_TEST(a_missing_directory_is_made_with_its_parents) {
    char *directory = generate("some/where//deep/", "1", "1");
    ck_assert_int_eq(access(directory, F_OK), 0);
    free(directory);
}
END_TEST

/* Removing a directory fails unless it is empty. */
static void check_nothing_left(const char *directory) {
    ck_assert_msg(rmdir(directory) == 0, "files are left in %s", directory);
}

START_TEST(a_directory_that_cannot_be_made_is_status_1) {
    ck_assert_int_eq(run("/proc/no-such-place", "--products", "1", NULL, NULL), 1);
    ck_assert_int_eq(run("/dev/null", "--products", "1", NULL, NULL), 1);
}
END_TEST

START_TEST(a_full_disk_is_status_1_and_leaves_nothing) {
    char *directory = strdup(scratch_path("full"));
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit little = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
    int status = run(directory, "--products", "3000", NULL, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(status, 1);
    check_nothing_left(directory);
    free(directory);
}
END_TEST

START_TEST(a_name_that_is_taken_is_status_1) {
    char *directory = strdup(scratch_path("taken")),
         *taken = strdup(scratch_path("taken/answers.csv"));
    ck_assert(mkdir(directory, 0777) == 0 && mkdir(taken, 0777) == 0);
    ck_assert_int_eq(run(directory, "--products", "10", NULL, NULL), 1);
    char *unfinished = strdup(scratch_path("taken/answers_photos.csv.tmp"));
    ck_assert_int_ne(access(unfinished, F_OK), 0);
    free(directory), free(taken), free(unfinished);
}
END_TEST

START_TEST(a_signal_to_stop_leaves_nothing_and_kills) {
    char *directory = strdup(scratch_path("stopped")),
         *started = strdup(scratch_path("stopped/questions.csv.tmp"));
    pid_t child = fork();
    if (child == 0) {
        signal(SIGTERM, SIG_DFL); /* Check has a handler of its own */
        _exit(run(directory, NULL, NULL, NULL, NULL));
    }
    while (access(started, F_OK) != 0) {
        usleep(1000);
    }
    kill(child, SIGTERM);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    check_nothing_left(directory);
    free(directory), free(started);
}
END_TEST

Suite *generate_suite(void) {
    Suite *suite = suite_create("generate");
    TCase *files = tcase_create("files");
    tcase_add_unchecked_fixture(files, scratch_make, scratch_remove);
    tcase_add_test(files, the_same_seed_gives_the_same_bytes_and_another_does_not);
    tcase_add_test(files, the_bytes_are_the_same_on_every_machine);
    tcase_add_test(files, rows_keep_the_contract_and_the_shape);
    tcase_add_test(files, texts_hold_what_makes_csv_hard);
    tcase_add_test(files, one_product_is_enough);
    tcase_add_test(files, a_missing_directory_is_made_with_its_parents);
    tcase_add_test(files, wrong_usage_is_status_2);
    tcase_add_test(files, a_directory_that_cannot_be_made_is_status_1);
    tcase_add_test(files, a_full_disk_is_status_1_and_leaves_nothing);
    tcase_add_test(files, a_name_that_is_taken_is_status_1);
    tcase_add_test(files, a_signal_to_stop_leaves_nothing_and_kills);
    suite_add_tcase(suite, files);
    return suite;
}

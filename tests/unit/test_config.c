/* Settings: where they come from, which are refused, and what a worker inherits. */
#include "ops/config_load.h"
#include "ops/config_output.h"
#include "ops/config_report.h"
#include "ops/setting_names.h"
#include "scratch.h"
#include "suites.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **environment; /* a copy, since what environ is itself belongs to setenv() */
static struct config config;
static char error[256];
static const struct config_files no_files, url_file = {.database_url = "/url"};

static void clear_environment(void) {
    static char *nothing[] = {NULL};
    size_t count = 0;
    while (environ && environ[count]) {
        count++;
    }
    free(environment);
    environment = calloc(count + 1, sizeof *environment);
    ck_assert_ptr_nonnull(environment);
    if (count > 0) {
        memcpy(environment, environ, count * sizeof *environment);
    }
    clearenv();
    environ = nothing;
}

static void restore_environment(void) {
    environ = environment;
}

/* Loads the settings, with up to three flags. */
static enum config_result load(const char *first, const char *second, const char *third) {
    const char *argv[] = {"serve", first, second, third, NULL};
    int argc = 1;
    while (argv[argc]) {
        argc++;
    }
    *error = '\0';
    return config_load(&config, argc, (char **)argv, error, sizeof error);
}

/* Fails the test unless the settings are refused with a message that names what is wrong. */
static void check_refused(const char *flag, const char *name) {
    ck_assert_int_eq(load(flag, NULL, NULL), CONFIG_WRONG);
    ck_assert_msg(strstr(error, name), "'%s' does not name %s", error, name);
}

/* The value of a variable in an environment, NULL when it is not there. */
static const char *value_in(char *const *entries, const char *name) {
    size_t length = strlen(name);
    for (; *entries; entries++) {
        if (strncmp(*entries, name, length) == 0 && (*entries)[length] == '=') {
            return *entries + length + 1;
        }
    }
    return NULL;
}

START_TEST(everything_has_a_default) {
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_str_eq(config.database_url, "");
    ck_assert_str_eq(config.owner_database_url, "");
    ck_assert_str_eq(config.env_file, "");
    ck_assert_str_eq(config.state_dir, ".local");
    ck_assert_str_eq(config.listen, "unix:.local/run/worker");
    ck_assert_str_eq(config.shared_file, ".local/run/" SHARED_FILE_NAME);
    ck_assert_str_eq(config.admin_listen, "unix:.local/run/admin.sock 127.0.0.1:8081");
    ck_assert(config.admin_listen_is_default);
    ck_assert_str_eq(config.loaderio_token, "");
    ck_assert_int_eq(config.log_level, LOG_LEVEL_INFO);
    ck_assert_uint_eq(config.workers, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    ck_assert_uint_eq(config.read_connections, 2);
    ck_assert_uint_eq(config.write_connections, 4);
    ck_assert_int_eq(config.answers_per_question, 100);
    ck_assert(!config.premoderates_all);
    ck_assert_int_eq(config.lease_ms, -1);
    ck_assert_int_eq(config.lock_timeout_ms, 500);
    ck_assert_int_eq(config.statement_timeout_ms, 2000);
    ck_assert_int_eq(config.request_timeout_ms, 3000);
    ck_assert_int_eq(config.drain_timeout_ms, 8000);
    ck_assert_int_eq(config.pause_timeout_s, 10);
    config_free(&config);
}
END_TEST

START_TEST(a_flag_has_its_value_behind_an_equals_sign_or_next) {
    ck_assert_int_eq(load("--workers=3", "--log-level", "debug"), CONFIG_OK);
    ck_assert_uint_eq(config.workers, 3);
    ck_assert_int_eq(config.log_level, LOG_LEVEL_DEBUG);
    config_free(&config);

    ck_assert_int_eq(load("--listen", "[::1]:8000", "--state-dir=/a=b"), CONFIG_OK);
    ck_assert_str_eq(config.listen, "[::1]:8000");
    ck_assert_str_eq(config.state_dir, "/a=b");
    config_free(&config);

    ck_assert_int_eq(load("--premoderate=all", NULL, NULL), CONFIG_OK);
    ck_assert(config.premoderates_all);
    config_free(&config);
}
END_TEST

/* The beginning of a flag may be that of another one in the next release. */
START_TEST(only_a_whole_flag_is_taken) {
    check_refused("--worker=3", "--worker=3");
    check_refused("--cache=3", "--cache=3");
    check_refused("-workers=3", "-workers=3");
    check_refused("workers=3", "workers=3");
    ck_assert_int_eq(load("--", "--workers", "3"), CONFIG_WRONG);
    ck_assert_int_eq(load("--workers", "3", "--read"), CONFIG_WRONG);
    ck_assert_msg(strstr(error, "--read"), "%s", error);
    ck_assert_int_eq(load("--workers", "3", "--read-connections"), CONFIG_WRONG);
    ck_assert_str_eq(error, "--read-connections needs a value");
}
END_TEST

START_TEST(flag_beats_environment_beats_file_beats_default) {
    setenv("QA_ENV_FILE",
           scratch_file("precedence", "QA_WORKERS=11\n"
                                      "QA_READ_CONNECTIONS=12\n"
                                      "QA_WRITE_CONNECTIONS=13\n"),
           1);
    setenv("QA_WORKERS", "21", 1);
    setenv("QA_READ_CONNECTIONS", "22", 1);
    ck_assert_msg(load("--workers=31", NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_uint_eq(config.workers, 31);
    ck_assert_uint_eq(config.read_connections, 22);
    ck_assert_uint_eq(config.write_connections, 13);
    ck_assert_int_eq(config.answers_per_question, 100);
    config_free(&config);
}
END_TEST

START_TEST(an_empty_variable_is_as_good_as_none) {
    setenv("QA_ENV_FILE", scratch_file("set", "QA_READ_CONNECTIONS=12\n"), 1);
    setenv("QA_READ_CONNECTIONS", "", 1);
    setenv("QA_WRITE_CONNECTIONS", "", 1);
    setenv("DATABASE_URL_FILE", "", 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_uint_eq(config.read_connections, 12);
    ck_assert_uint_eq(config.write_connections, 4);
    config_free(&config);
}
END_TEST

START_TEST(an_env_file_has_comments_blank_lines_and_names_of_others) {
    const char *path = scratch_file("env", "# a comment\n#DATABASE_URL=another\n"
                                           "\n"
                                           "  \t\n"
                                           "  QA_STATE_DIR=/with = and#hash \r\n"
                                           "POSTGRES_PASSWORD=secret\n"
                                           "DATABASE_URL=postgresql://last");
    char flag[256];
    snprintf(flag, sizeof flag, "--env-file=%s", path);
    ck_assert_msg(load(flag, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_str_eq(config.state_dir, "/with = and#hash");
    ck_assert_str_eq(config.database_url, "postgresql://last");
    ck_assert_str_eq(config.env_file, path);
    config_free(&config);
}
END_TEST

START_TEST(a_wrong_env_file_is_refused) {
    setenv("QA_ENV_FILE", scratch_file("wrong", "QA_WORKERS=1\n\nQA_STATE_DIR\n"), 1);
    check_refused(NULL, "line 3");
    setenv("QA_ENV_FILE", scratch_path("missing"), 1);
    check_refused(NULL, "QA_ENV_FILE");
    setenv("QA_ENV_FILE", scratch_path("."), 1);
    check_refused(NULL, "QA_ENV_FILE");
}
END_TEST

START_TEST(an_env_file_is_understood_as_shells_write_it) {
    static const struct {
        const char *text, *value; /* of QA_STATE_DIR */
    } cases[] = {
        {"export QA_STATE_DIR=/a\n", "/a"},
        {"\t export\t QA_STATE_DIR=/a\n", "/a"},
        {"QA_STATE_DIR = /a b \t\n", "/a b"},
        {"QA_STATE_DIR=/a # why\n", "/a"},
        {"QA_STATE_DIR=/a\t#why\n", "/a"},
        {"QA_STATE_DIR=#a\n", "#a"},
        {"QA_STATE_DIR= # none\n", ".local"},
        {"QA_STATE_DIR=\"/a # b\" # why\r\n", "/a # b"},
        {"QA_STATE_DIR=\" /a \"\n", " /a "},
        {"QA_STATE_DIR='/a \"b\\\" $HOME'\n", "/a \"b\\\" $HOME"},
        {"QA_STATE_DIR=\"/a \\\"b\\\\ \\$c \\n\"\n", "/a \"b\\ $c \\n"},
        {"QA_STATE_DIR=/it's\n", "/it's"},
        {"QA_STATE_DIR=\"\"\n", ".local"},
        {"\xEF\xBB\xBFQA_STATE_DIR=/a\r\n", "/a"},
        {"\xEF\xBB\xBF# a comment\nQA_STATE_DIR=/a", "/a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("QA_ENV_FILE", scratch_file("shell", cases[i].text), 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s: %s", cases[i].text, error);
        ck_assert_str_eq(config.state_dir, cases[i].value);
        ck_assert_str_eq(config.remarks, "");
        config_free(&config);
    }
}
END_TEST

START_TEST(a_line_that_is_not_understood_is_told_with_its_number) {
    static const char *const lines[] = {
        "QA_WORKERS",
        "QA_WORKERS: 2",
        "export QA_WORKERS",
        "QA WORKERS=2",
        "=2",
        "\"QA_WORKERS\"=2",
        "QA_STATE_DIR=\"/a",
        "QA_STATE_DIR='/a\\'b'",
        "QA_STATE_DIR='a",
        "set -a",
        "QA_STATE_DIR=\"/a\"b",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[128];
        snprintf(text, sizeof text, "# first\r\n\r\n%s\nQA_WORKERS=1\n", lines[i]);
        setenv("QA_ENV_FILE", scratch_file("line", text), 1);
        check_refused(NULL, "line 3 ");
    }
    setenv("QA_ENV_FILE", scratch_file("twice", "QA_WORKERS=1\nQA_LISTEN=\nQA_WORKERS=2\n"), 1);
    check_refused(NULL, "line 3: QA_WORKERS");
    setenv("QA_ENV_FILE", scratch_file("itself", "QA_ENV_FILE=/another\n"), 1);
    check_refused(NULL, "line 1: QA_ENV_FILE");
}
END_TEST

START_TEST(a_name_that_is_no_setting_is_told_with_the_nearest_one) {
    setenv("QA_CACHE_MEGABYTES", "1", 1);
    setenv("qa_workers", "1", 1);
    setenv("QA_ZZZ", "1", 1);
    setenv("QA_RATE_LIMIT", "5r/s", 1); /* of NGINX */
    setenv("OTHERS_QA_WORKER", "1", 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_str_eq(config.remarks,
                     "QA_CACHE_MEGABYTES is not a setting; did you mean QA_CACHE_MB?\n"
                     "qa_workers is not a setting; did you mean QA_WORKERS?\n"
                     "QA_ZZZ is not a setting\n");
    config_free(&config);

    static const char *const lines[][2] = {
        {"QA_CACHE_MEGABYTES=1", "line 1: QA_CACHE_MEGABYTES is not a setting; did you mean "
                                 "QA_CACHE_MB?"},
        {"QA_WOKRERS=1", "did you mean QA_WORKERS?"},
        {"export qa_workers = 1", "did you mean QA_WORKERS?"},
        {"QA_CORS_ORIGIN=*", "did you mean QA_CORS_ORIGINS?"},
        {"QA_OWNER_DATABASE_FILE=x", "did you mean QA_OWNER_DATABASE_URL_FILE?"},
        {"QA_ZZZ=1", "QA_ZZZ is not a setting"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        setenv("QA_ENV_FILE", scratch_file("unknown", lines[i][0]), 1);
        check_refused(NULL, lines[i][1]);
    }
}
END_TEST

START_TEST(what_a_file_says_in_vain_is_told) {
    setenv("QA_ENV_FILE",
           scratch_file("in_vain", "DATABASE_ULR=a\nWORKERS=3\nPGHOST=b\nPOSTGRES_DB=c\n"
                                   "QA_WORKERS=3\nQA_RATE_LIMIT=5r/s\nQA_LISTEN=a:1\n"),
           1);
    setenv("QA_WORKERS", "2", 1);
    setenv("QA_RATE_LIMIT", "5r/m", 1);
    setenv("QA_LISTEN", "a:1", 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_ptr_nonnull(strstr(config.remarks, "line 1: DATABASE_ULR is not a setting; did you "
                                                 "mean DATABASE_URL?\n"));
    ck_assert_ptr_nonnull(strstr(config.remarks, "line 2: WORKERS is not a setting; did you mean "
                                                 "QA_WORKERS?\n"));
    ck_assert_ptr_nonnull(strstr(config.remarks, "line 3: PGHOST has no effect"));
    ck_assert_ptr_nonnull(strstr(config.remarks, "line 5: QA_WORKERS has no effect"));
    ck_assert_ptr_nonnull(strstr(config.remarks, "line 6: QA_RATE_LIMIT has no effect"));
    ck_assert_ptr_null(strstr(config.remarks, "QA_LISTEN"));
    ck_assert_ptr_null(strstr(config.remarks, "POSTGRES_DB"));
    config_free(&config);
}
END_TEST

START_TEST(a_secret_in_a_file_is_told_where_the_environment_has_its_other_form) {
    static const char *const forms[] = {"DATABASE_URL", "DATABASE_URL_FILE"};
    for (size_t i = 0; i < 2; i++) {
        char line[256];
        const char *secret = scratch_file("other_form", "postgresql://host");
        snprintf(line, sizeof line, "%s=%s\n", forms[i], secret);
        setenv("QA_ENV_FILE", scratch_file("forms", line), 1);
        setenv(forms[1 - i], secret, 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        snprintf(line, sizeof line, "line 1: %s has no effect", forms[i]);
        ck_assert_msg(strstr(config.remarks, line) != NULL, "'%s'", config.remarks);
        config_free(&config);
        unsetenv(forms[1 - i]);
    }
}
END_TEST

/* The value that a lane counts as overloaded after, and the remarks, with up to two flags. */
static void check_overload_after(const char *first, const char *second, int64_t expected,
                                 const char *remarks) {
    ck_assert_msg(load(first, second, NULL) == CONFIG_OK, "%s", error);
    ck_assert_int_eq(config.overload_after_ms, expected);
    ck_assert_str_eq(config.remarks, remarks);
    config_free(&config);
}

#define OLD_NAME_WORKS "QA_QUEUE_WAIT_MS is the old name of QA_OVERLOAD_AFTER_MS: it still works\n"

START_TEST(an_old_name_still_works_with_a_warning) {
    check_overload_after(NULL, NULL, 250, "");
    check_overload_after("--queue-wait-ms=70", NULL, 70, OLD_NAME_WORKS);
    check_overload_after("--queue-wait-ms", "71", 71, OLD_NAME_WORKS);
    setenv("QA_ENV_FILE", scratch_file("old_name", "QA_QUEUE_WAIT_MS=72\n"), 1);
    check_overload_after(NULL, NULL, 72, OLD_NAME_WORKS);
    setenv("QA_QUEUE_WAIT_MS", "", 1);
    check_overload_after(NULL, NULL, 72, OLD_NAME_WORKS);
    unsetenv("QA_ENV_FILE");
    check_overload_after(NULL, NULL, 250, "");
    setenv("QA_QUEUE_WAIT_MS", "73", 1);
    check_overload_after(NULL, NULL, 73, OLD_NAME_WORKS);
    setenv("QA_QUEUE_WAIT_MS", "soon", 1);
    check_refused(NULL, "QA_OVERLOAD_AFTER_MS");
}
END_TEST

START_TEST(a_setting_beats_its_old_name) {
    static const char overridden[] =
        "QA_QUEUE_WAIT_MS has no effect: QA_OVERLOAD_AFTER_MS, its new name, is set\n";
    setenv("QA_QUEUE_WAIT_MS", "80", 1);
    setenv("QA_OVERLOAD_AFTER_MS", "81", 1);
    check_overload_after(NULL, NULL, 81, overridden);
    unsetenv("QA_QUEUE_WAIT_MS");
    setenv("QA_ENV_FILE", scratch_file("new_name", "QA_QUEUE_WAIT_MS=82\n"), 1);
    check_overload_after(NULL, NULL, 81, overridden);
    unsetenv("QA_OVERLOAD_AFTER_MS");
    check_overload_after("--overload-after-ms=83", NULL, 83, overridden);
}
END_TEST

START_TEST(a_worker_inherits_the_new_name_only) {
    setenv("QA_QUEUE_WAIT_MS", "90", 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    char **inherited = config_environment(&config, &no_files);
    ck_assert_ptr_null(value_in(inherited, "QA_QUEUE_WAIT_MS"));
    ck_assert_str_eq(value_in(inherited, "QA_OVERLOAD_AFTER_MS"), "90");
    config_environment_free(inherited);
    config_free(&config);
}
END_TEST

START_TEST(every_setting_of_the_program_is_in_the_list_of_names) {
    setenv("DATABASE_URL", "postgresql://serving", 1);
    ck_assert_int_eq(load(NULL, NULL, NULL), CONFIG_OK);
    char **inherited = config_environment(&config, &no_files);
    config_free(&config);
    size_t count = 0;
    for (; inherited[count]; count++) {
        size_t length = strcspn(inherited[count], "=");
        ck_assert_msg(setting_name_is_known(inherited[count], length), "%s", inherited[count]);
    }
    ck_assert_uint_ge(count, 20);
    config_environment_free(inherited);
}
END_TEST

START_TEST(a_secret_of_an_env_file_may_stand_in_a_file) {
    char text[256];
    snprintf(text, sizeof text, "DATABASE_URL_FILE=%s\n",
             scratch_file("named", "\xEF\xBB\xBFpostgresql://named\n"));
    setenv("QA_ENV_FILE", scratch_file("names", text), 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_str_eq(config.database_url, "postgresql://named");
    config_free(&config);
    setenv("DATABASE_URL", "postgresql://environment", 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_str_eq(config.database_url, "postgresql://environment");
    config_free(&config);
}
END_TEST

START_TEST(a_secret_may_stand_in_a_file) {
    setenv("DATABASE_URL_FILE", scratch_file("serving", "postgresql://serving\r\n\n"), 1);
    setenv("QA_OWNER_DATABASE_URL_FILE", scratch_file("owner", "postgresql://owner"), 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_str_eq(config.database_url, "postgresql://serving");
    ck_assert_str_eq(config.owner_database_url, "postgresql://owner");
    config_free(&config);
}
END_TEST

START_TEST(a_secret_is_understood_as_its_owner_shows_it) {
    static const char *const shown[] = {
        "postgresql://role@host/db\n",        " \t postgresql://role@host/db \r\n\r\n",
        "\"postgresql://role@host/db\"",      "'postgresql://role@host/db'\n",
        " \" postgresql://role@host/db \"\n", "\xEF\xBB\xBFpostgresql://role@host/db\r\n",
    };
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        setenv("DATABASE_URL_FILE", scratch_file("shown", shown[i]), 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        ck_assert_str_eq(config.database_url, "postgresql://role@host/db");
        config_free(&config);
    }
    unsetenv("DATABASE_URL_FILE");
    for (size_t i = 0; i + 1 < sizeof shown / sizeof *shown; i++) {
        setenv("QA_OWNER_DATABASE_URL", shown[i],
               1); /* by docker --env-file, say, quotes and all */
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        ck_assert_str_eq(config.owner_database_url, "postgresql://role@host/db");
        config_free(&config);
    }
}
END_TEST

START_TEST(quotes_within_a_secret_are_its_own) {
    static const char *const secrets[] = {"host=h password='a b'", "'", "\"postgresql://host'",
                                          "postgresql://a\"b\"@host"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        setenv("DATABASE_URL", secrets[i], 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        ck_assert_str_eq(config.database_url, secrets[i]);
        config_free(&config);
    }
    setenv("DATABASE_URL", "postgresql://first\npostgresql://second\n", 1);
    check_refused(NULL, "DATABASE_URL");
}
END_TEST

START_TEST(a_token_of_loaderio_is_understood_as_loaderio_shows_it) {
    static const struct {
        const char *shown, *token;
    } cases[] = {
        {"0123-a_B", "0123-a_B"},
        {"loaderio-0123", "0123"},
        {"loaderio-0123.txt", "0123"},
        {"loaderio-0123.html", "0123"},
        {"/loaderio-0123/", "0123"},
        {"/loaderio-0123.html", "0123"},
        {" \"loaderio-0123\"\r\n", "0123"},
        {"loaderio-", ""},
        {" ", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("QA_LOADERIO_TOKEN", cases[i].shown, 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        ck_assert_str_eq(config.loaderio_token, cases[i].token);
        config_free(&config);
    }
    static const char *const wrong[] = {"loaderio-a/b", "a.txt", "loaderio-0123.txt.html", "a b",
                                        "a\nb"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv("QA_LOADERIO_TOKEN", wrong[i], 1);
        check_refused(NULL, "QA_LOADERIO_TOKEN");
    }
}
END_TEST

START_TEST(a_secret_is_given_once_and_never_shown) {
    setenv("DATABASE_URL", "postgresql://:hunter2@host", 1);
    setenv("DATABASE_URL_FILE", scratch_file("secret", "postgresql://:hunter2@host"), 1);
    check_refused(NULL, "DATABASE_URL_FILE");
    ck_assert_ptr_null(strstr(error, "hunter2"));

    unsetenv("DATABASE_URL");
    setenv("DATABASE_URL_FILE", scratch_path("missing"), 1);
    check_refused(NULL, "DATABASE_URL_FILE");
}
END_TEST

/* They are read anew on every SIGHUP. */
START_TEST(files_are_closed_again) {
    setenv("QA_ENV_FILE", scratch_file("empty", ""), 1);
    setenv("DATABASE_URL_FILE", scratch_file("closed", "postgresql://host"), 1);
    int free_descriptor = dup(STDIN_FILENO);
    close(free_descriptor);
    ck_assert_int_eq(load(NULL, NULL, NULL), CONFIG_OK);
    config_free(&config);
    ck_assert_int_eq(dup(STDIN_FILENO), free_descriptor);
    close(free_descriptor);
}
END_TEST

START_TEST(secrets_have_no_flag) {
    check_refused("--database-url=postgresql://host", "--database-url");
    check_refused("--owner-database-url=postgresql://host", "--owner-database-url");
}
END_TEST

START_TEST(the_owner_is_the_serving_role_unless_given) {
    setenv("DATABASE_URL", "postgresql://serving", 1);
    ck_assert_int_eq(load(NULL, NULL, NULL), CONFIG_OK);
    ck_assert_str_eq(config.owner_database_url, "postgresql://serving");
    config_free(&config);
}
END_TEST

START_TEST(sockets_lie_in_the_state_folder_unless_given) {
    ck_assert_int_eq(load("--state-dir=/state", NULL, NULL), CONFIG_OK);
    ck_assert_str_eq(config.listen, "unix:/state/run/worker");
    config_free(&config);
}
END_TEST

START_TEST(numbers_are_whole_and_in_range) {
    static const char *const right[] = {"1", "256"};
    static const char *const wrong[] = {"0",
                                        "257",
                                        "-1",
                                        "",
                                        "x",
                                        "4x",
                                        "1.5",
                                        "0x4",
                                        "1e2",
                                        "9223372036854775808",
                                        "18446744073709551617"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        ck_assert_msg(load("--workers", right[i], NULL) == CONFIG_OK, "%s", error);
        config_free(&config);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(load("--workers", wrong[i], NULL) == CONFIG_WRONG, "%s", wrong[i]);
        ck_assert_msg(strstr(error, "QA_WORKERS") && strstr(error, "256"), "%s", error);
    }
    check_refused("--answers-per-question=", "QA_ANSWERS_PER_QUESTION"); /* not 0 */
}
END_TEST

static void set_number(const char *variable, int number) {
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    setenv(variable, text, 1);
}

START_TEST(time_limits_rise) {
    static const struct {
        const char *variable;
        int least, most; /* beside the defaults of the others */
    } cases[] = {
        {"QA_LOCK_TIMEOUT_MS", 1, 1999},
        {"QA_STATEMENT_TIMEOUT_MS", 501, 2999},
        {"QA_REQUEST_TIMEOUT_MS", 2001, 7999},
        {"QA_DRAIN_TIMEOUT_MS", 3001, 3600000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int right[] = {cases[i].least, cases[i].most};
        const int wrong[] = {cases[i].least - 1, cases[i].most + 1};
        for (size_t end = 0; end < 2; end++) {
            set_number(cases[i].variable, right[end]);
            ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
            config_free(&config);
            set_number(cases[i].variable, wrong[end]);
            check_refused(NULL, cases[i].variable);
        }
        unsetenv(cases[i].variable);
    }
}
END_TEST

START_TEST(a_lease_is_none_or_up_to_a_second) {
    static const char *const right[] = {"0", "20", "1000"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        setenv("QA_LEASE_MS", right[i], 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        ck_assert_int_eq(config.lease_ms, atoi(right[i]));
        config_free(&config);
    }
    setenv("QA_LEASE_MS", "", 1);
    ck_assert_int_eq(load(NULL, NULL, NULL), CONFIG_OK);
    ck_assert_int_eq(config.lease_ms, -1);
    config_free(&config);
    check_refused("--lease-ms=-1", "QA_LEASE_MS");
    check_refused("--lease-ms=1001", "QA_LEASE_MS");
}
END_TEST

START_TEST(a_drain_outlasts_a_request_and_its_lease) {
    setenv("QA_DRAIN_TIMEOUT_MS", "3100", 1);
    ck_assert_int_eq(load("--lease-ms=99", NULL, NULL), CONFIG_OK);
    config_free(&config);
    check_refused("--lease-ms=100", "QA_DRAIN_TIMEOUT_MS");
}
END_TEST

START_TEST(what_is_wrong_is_named) {
    check_refused("--log-level=loud", "QA_LOG_LEVEL");
    check_refused("--premoderate=5", "QA_PREMODERATE");
    check_refused("--loaderio-token=../secret", "QA_LOADERIO_TOKEN");
    check_refused("--colour=red", "--colour=red");
    check_refused("--worker=1", "--worker=1");
    check_refused("--workers4", "--workers4");
    check_refused("workers=1", "workers=1");
    check_refused("xxworkers=1", "xxworkers=1");
    check_refused("serve", "serve");
    check_refused("--", "--");
    check_refused("", "argument");
    check_refused("--workers", "--workers");
}
END_TEST

START_TEST(help_wins_over_wrong_settings) {
    setenv("QA_WORKERS", "many", 1);
    ck_assert_int_eq(load("--help", NULL, NULL), CONFIG_HELP);
    ck_assert_int_eq(load("--workers=1", "--help", NULL), CONFIG_HELP);
    ck_assert_int_eq(load("-h", NULL, NULL), CONFIG_HELP);
}
END_TEST

START_TEST(a_worker_inherits_every_setting_resolved) {
    setenv("QA_ENV_FILE", scratch_file("inherited", "QA_READ_CONNECTIONS=12\n"), 1);
    setenv("DATABASE_URL_FILE", scratch_file("url", "postgresql://serving\n"), 1);
    setenv("QA_READ_DATABASE_URL", "postgresql://standby", 1);
    setenv("QA_OWNER_DATABASE_URL", "postgresql://owner", 1);
    setenv("QA_OWNER_DATABASE_URL_FILE", "", 1);
    setenv("QA_MODERATION_DATABASE_URL_FILE", scratch_file("moderator", "postgresql://moderator\n"),
           1);
    setenv("QA_MODERATION_TOKENS", "Erna:0123456789abcdef01234567", 1);
    setenv("QA_WORKERS", "2", 1);
    setenv("PGSSLMODE", "require", 1);
    setenv("QA_WORKERS_ELSEWHERE", "9", 1);
    setenv("DATABASE_URL_FILES", "10", 1);
    ck_assert_msg(load("--workers=3", "--state-dir=/state", NULL) == CONFIG_OK, "%s", error);
    char **inherited = config_environment(&config, &no_files);
    char **without_url = config_environment(&config, &url_file);
    ck_assert_ptr_null(value_in(without_url, "DATABASE_URL"));
    ck_assert_str_eq(value_in(without_url, "DATABASE_URL_FILE"), "/url");
    config_environment_free(without_url);
    config_free(&config);

    static const struct {
        const char *name, *value; /* NULL: left out */
    } cases[] = {
        {"DATABASE_URL", "postgresql://serving"},
        {"QA_WORKERS", "3"},
        {"QA_READ_CONNECTIONS", "12"},
        {"QA_WRITE_CONNECTIONS", "4"},
        {"QA_STATE_DIR", "/state"},
        {"QA_LISTEN", "unix:/state/run/worker"},
        {"QA_LOG_LEVEL", "info"},
        {"PGSSLMODE", "require"},
        {"QA_WORKERS_ELSEWHERE", "9"},
        {"DATABASE_URL_FILES", "10"},
        {"QA_ENV_FILE", NULL},
        {"DATABASE_URL_FILE", NULL},
        {"QA_READ_DATABASE_URL", NULL},
        {"QA_OWNER_DATABASE_URL", NULL},
        {"QA_OWNER_DATABASE_URL_FILE", NULL},
        {"QA_MODERATION_DATABASE_URL", NULL},
        {"QA_MODERATION_DATABASE_URL_FILE", NULL},
        {"QA_MODERATION_TOKENS", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *value = value_in(inherited, cases[i].name);
        ck_assert_msg(value == cases[i].value ||
                          (value && cases[i].value && strcmp(value, cases[i].value) == 0),
                      "%s is %s", cases[i].name, value ? value : "missing");
    }

    /* A worker that starts in this environment has the same settings, and so passes on the same. */
    environ = inherited;
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    char **again = config_environment(&config, &no_files);
    config_free(&config);
    size_t count = 0;
    for (; inherited[count]; count++) {
        ck_assert_pstr_eq(again[count], inherited[count]);
    }
    ck_assert_ptr_null(again[count]);
    restore_environment();
    config_environment_free(again);
    config_environment_free(inherited);
}
END_TEST

START_TEST(children_know_the_certificate_of_nginx) {
    const char *file = scratch_file("env", "QA_TLS_CERTIFICATE=/file.pem\n");
    setenv("QA_ENV_FILE", file, 1);
    setenv("QA_TLS_CERTIFICATE", "", 1); /* as good as none */
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_pstr_eq(config.tls_certificate, "/file.pem");
    char **inherited = config_environment(&config, &no_files);
    config_free(&config);
    ck_assert_pstr_eq(value_in(inherited, "QA_TLS_CERTIFICATE"), "/file.pem");
    setenv("QA_TLS_CERTIFICATE", "/environment.pem", 1);
    ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
    ck_assert_pstr_eq(config.tls_certificate, "/environment.pem");
    config_free(&config);
    config_environment_free(inherited);
}
END_TEST

START_TEST(the_admin_process_listens_beside_workers_and_nginx_unless_told) {
    static const struct {
        const char *listen, *port; /* in the environment */
        const char *file;          /* QA_ENV_FILE */
        const char *admin_listen;
    } cases[] = {
        {"unix:/run/qa/worker", "9000", "", "unix:/run/qa/admin.sock 127.0.0.1:9001"},
        {"unix:w", "", "PORT=7000\n", "unix:admin.sock 127.0.0.1:7001"},
        {"127.0.0.1:9000", "80", "PORT=7000\n", "unix:.local/run/admin.sock 127.0.0.1:81"},
        {"unix:/a b/worker", "80", "", "127.0.0.1:81"},
        {"unix:/run/w", "65535", "", "unix:/run/admin.sock"},
        {"unix:/run/w", "nonsense", "", "unix:/run/admin.sock"},
        {"unix:/a,b/w", "nonsense", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("QA_LISTEN", cases[i].listen, 1);
        setenv("PORT", cases[i].port, 1);
        setenv("QA_ENV_FILE", scratch_file("port", cases[i].file), 1);
        ck_assert_msg(load(NULL, NULL, NULL) == CONFIG_OK, "%s", error);
        ck_assert_str_eq(config.admin_listen, cases[i].admin_listen);
        ck_assert(config.admin_listen_is_default);
        config_free(&config);
    }
    ck_assert_int_eq(load("--admin-listen=off", NULL, NULL), CONFIG_OK);
    ck_assert_str_eq(config.admin_listen, "off");
    ck_assert(!config.admin_listen_is_default);
    config_free(&config);
}
END_TEST

/* What the report says of a setting: NAME=VALUE FROM. */
static const char *reported(json_t *report, const char *name) {
    static char text[256];
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(report, "settings"), i, one) {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0) {
            char *value = json_dumps(json_object_get(one, "value"), JSON_ENCODE_ANY);
            snprintf(text, sizeof text, "%s %s", value,
                     json_string_value(json_object_get(one, "from")));
            free(value);
            return text;
        }
    }
    return "missing";
}

START_TEST(a_report_says_where_each_value_came_from_and_shows_no_secret) {
    setenv("QA_ENV_FILE",
           scratch_file("reported", "QA_READ_CONNECTIONS=12\nQA_QUEUE_WAIT_MS=99\n"
                                    "QA_OWNER_DATABASE_URL=postgresql://owner:s3cret@/db\n"),
           1);
    setenv("DATABASE_URL_FILE", scratch_file("url", "postgresql://serving:s3cret@/db\n"), 1);
    setenv("QA_WRITE_CONNECTIONS", "3", 1);
    ck_assert_msg(load("--workers=3", NULL, NULL) == CONFIG_OK, "%s", error);
    char *text = config_report(&config);
    config_free(&config);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_null(strstr(text, "s3cret"));
    json_t *report = json_loads(text, 0, NULL);
    free(text);
    ck_assert_uint_eq(json_array_size(json_object_get(report, "settings")), SETTING_COUNT);
    ck_assert_str_eq(reported(report, "QA_WORKERS"), "3 flag");
    ck_assert_str_eq(reported(report, "QA_WRITE_CONNECTIONS"), "3 environment");
    ck_assert_str_eq(reported(report, "QA_READ_CONNECTIONS"), "12 QA_ENV_FILE");
    ck_assert_str_eq(reported(report, "QA_OVERLOAD_AFTER_MS"), "99 QA_ENV_FILE");
    ck_assert_str_eq(reported(report, "QA_LOG_LEVEL"), "\"info\" default");
    ck_assert_str_eq(reported(report, "DATABASE_URL"), "\"(set)\" DATABASE_URL_FILE");
    ck_assert_str_eq(reported(report, "QA_OWNER_DATABASE_URL"), "\"(set)\" QA_ENV_FILE");
    json_decref(report);
}
END_TEST

Suite *config_suite(void) {
    Suite *suite = suite_create("config");
    TCase *cases = tcase_create("config");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_checked_fixture(cases, clear_environment, restore_environment);
    tcase_add_test(cases, everything_has_a_default);
    tcase_add_test(cases, a_flag_has_its_value_behind_an_equals_sign_or_next);
    tcase_add_test(cases, only_a_whole_flag_is_taken);
    tcase_add_test(cases, flag_beats_environment_beats_file_beats_default);
    tcase_add_test(cases, an_empty_variable_is_as_good_as_none);
    tcase_add_test(cases, an_env_file_has_comments_blank_lines_and_names_of_others);
    tcase_add_test(cases, a_wrong_env_file_is_refused);
    tcase_add_test(cases, an_env_file_is_understood_as_shells_write_it);
    tcase_add_test(cases, a_line_that_is_not_understood_is_told_with_its_number);
    tcase_add_test(cases, a_name_that_is_no_setting_is_told_with_the_nearest_one);
    tcase_add_test(cases, what_a_file_says_in_vain_is_told);
    tcase_add_test(cases, a_secret_in_a_file_is_told_where_the_environment_has_its_other_form);
    tcase_add_test(cases, an_old_name_still_works_with_a_warning);
    tcase_add_test(cases, a_setting_beats_its_old_name);
    tcase_add_test(cases, a_worker_inherits_the_new_name_only);
    tcase_add_test(cases, every_setting_of_the_program_is_in_the_list_of_names);
    tcase_add_test(cases, a_secret_of_an_env_file_may_stand_in_a_file);
    tcase_add_test(cases, a_secret_may_stand_in_a_file);
    tcase_add_test(cases, a_secret_is_understood_as_its_owner_shows_it);
    tcase_add_test(cases, quotes_within_a_secret_are_its_own);
    tcase_add_test(cases, a_token_of_loaderio_is_understood_as_loaderio_shows_it);
    tcase_add_test(cases, a_secret_is_given_once_and_never_shown);
    tcase_add_test(cases, files_are_closed_again);
    tcase_add_test(cases, secrets_have_no_flag);
    tcase_add_test(cases, the_owner_is_the_serving_role_unless_given);
    tcase_add_test(cases, sockets_lie_in_the_state_folder_unless_given);
    tcase_add_test(cases, children_know_the_certificate_of_nginx);
    tcase_add_test(cases, the_admin_process_listens_beside_workers_and_nginx_unless_told);
    tcase_add_test(cases, a_report_says_where_each_value_came_from_and_shows_no_secret);
    tcase_add_test(cases, numbers_are_whole_and_in_range);
    tcase_add_test(cases, time_limits_rise);
    tcase_add_test(cases, a_lease_is_none_or_up_to_a_second);
    tcase_add_test(cases, a_drain_outlasts_a_request_and_its_lease);
    tcase_add_test(cases, what_is_wrong_is_named);
    tcase_add_test(cases, help_wins_over_wrong_settings);
    tcase_add_test(cases, a_worker_inherits_every_setting_resolved);
    suite_add_tcase(suite, cases);
    return suite;
}

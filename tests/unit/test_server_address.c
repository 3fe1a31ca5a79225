/* Where the PostgreSQL server is. The names looked up here stand in /etc/hosts. */
#include "db/server_address.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_LABEL "a234567890123456789012345678901234567890123456789012345678901234"

static struct event_base *base;

/* What the last resolution told. */
static struct {
    int count;
    bool resolved;
    char unresolved[128];
    char host[128], hostaddr[128], port[128], user[128], password[128], dbname[128];
    char session[128];
} told;

static void start(void) {
    static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGPORT",
                                            "PGTARGETSESSIONATTRS"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        unsetenv(variables[i]);
    }
    base = event_base_new();
}

static void stop(void) {
    event_base_free(base);
}

/* Of a parameter that occurs twice libpq takes the last one. */
static void copy_last(char to[128], const char *keyword, const char *const *keywords,
                      const char *const *values) {
    *to = '\0';
    for (size_t i = 0; keywords[i]; i++) {
        if (strcmp(keywords[i], keyword) == 0) {
            snprintf(to, 128, "%s", values[i]);
        }
    }
}

static void on_done(void *owner, const char *const *keywords, const char *const *values,
                    const char *unresolved) {
    ck_assert_ptr_eq(owner, &told);
    told.count++;
    told.resolved = keywords != NULL;
    snprintf(told.unresolved, sizeof told.unresolved, "%s", unresolved ? unresolved : "");
    if (keywords) {
        copy_last(told.host, "host", keywords, values);
        copy_last(told.hostaddr, "hostaddr", keywords, values);
        copy_last(told.port, "port", keywords, values);
        copy_last(told.user, "user", keywords, values);
        copy_last(told.password, "password", keywords, values);
        copy_last(told.dbname, "dbname", keywords, values);
        copy_last(told.session, "target_session_attrs", keywords, values);
    }
}

static struct server_address *parse(const char *database_url) {
    char error[128] = "";
    struct server_address *address = server_address_new(base, database_url, error, sizeof error);
    ck_assert_msg(address, "%s: %s", database_url, error);
    return address;
}

/* Not with event_base_dispatch(): libevent 2.1 may listen to name servers even when idle. */
static void run_until_told(int count) {
    while (told.count < count) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(told.count, count);
}

static void resolve(const char *database_url) {
    struct server_address *address = parse(database_url);
    memset(&told, 0, sizeof told);
    ck_assert_ptr_nonnull(server_address_resolve(address, on_done, &told));
    ck_assert_int_eq(told.count, 0); /* later, never at once */
    run_until_told(1);
    server_address_free(address);
}

START_TEST(url_and_keyword_form_mean_the_same) {
    static const char *const forms[] = {
        "postgresql://joe:hunter%202@127.0.0.1:5433/shop",
        "host=127.0.0.1 port=5433 user=joe password='hunter 2' dbname=shop",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        resolve(forms[i]);
        ck_assert_str_eq(told.host, "127.0.0.1");
        ck_assert_str_eq(told.port, "5433");
        ck_assert_str_eq(told.user, "joe");
        ck_assert_str_eq(told.password, "hunter 2");
        ck_assert_str_eq(told.dbname, "shop");
    }
}
END_TEST

START_TEST(a_wrong_string_is_refused_without_showing_the_password) {
    static const char *const wrong[] = {
        "hunter2",
        "password",
        "password='hunter2",
        "host=a password=hunter2 hunter2",
        "pasword=hunter2",
        "postgresql://joe:hunter2@[::1/shop",
        "postgresql://joe:hunter2%zz@host/shop",
        "postgresql://joe@host/shop?pasword=hunter2",
        "postgresql://joe@host/shop?password=hunter2%",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char error[256] = "";
        ck_assert_msg(!server_address_new(base, wrong[i], error, sizeof error), "%s", wrong[i]);
        ck_assert_str_ne(error, "");
        ck_assert_msg(!strstr(error, "hunter2"), "%s", error);
    }
}
END_TEST

START_TEST(what_needs_no_resolution_is_left_alone) {
    static const struct {
        const char *database_url, *host, *hostaddr, *port;
    } cases[] = {
        {"host=127.0.0.1", "127.0.0.1", "", ""},
        {"postgresql://[::1]:5433/shop", "::1", "", "5433"},
        {"host=/run/postgresql port=5433", "/run/postgresql", "", "5433"},
        {"host=@abstract", "@abstract", "", ""},
        {"host=no.such.name hostaddr=127.0.0.1", "no.such.name", "127.0.0.1", ""},
        {"", "", "", ""},
        {"port=5433", "", "", "5433"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        resolve(cases[i].database_url);
        ck_assert_str_eq(told.host, cases[i].host);
        ck_assert_str_eq(told.hostaddr, cases[i].hostaddr);
        ck_assert_str_eq(told.port, cases[i].port);
    }
}
END_TEST

START_TEST(several_hosts_keep_their_ports) {
    resolve("host=10.0.0.1,,/run/postgresql,::1 port=1,2,,4");
    ck_assert_str_eq(told.host, "10.0.0.1,,/run/postgresql,::1");
    ck_assert_str_eq(told.hostaddr, ",,,");
    ck_assert_str_eq(told.port, "1,2,,4");
    resolve("host=10.0.0.1,10.0.0.2 port=5433");
    ck_assert_str_eq(told.port, "5433,5433");
    resolve("postgresql://10.0.0.1,10.0.0.2:2/shop");
    ck_assert_str_eq(told.port, ",2");
}
END_TEST

START_TEST(of_several_hosts_the_one_that_takes_writes_is_meant_unless_it_is_said) {
    static const struct {
        const char *database_url, *session;
    } cases[] = {
        {"host=10.0.0.1,10.0.0.2", "read-write"},
        {"postgresql://10.0.0.1,10.0.0.2:2/shop", "read-write"},
        {"hostaddr=10.0.0.1,10.0.0.2", "read-write"},
        {"host=10.0.0.1,10.0.0.2 target_session_attrs=any", "any"},
        {"postgresql://10.0.0.1,10.0.0.2/shop?target_session_attrs=primary", "primary"},
        {"host=10.0.0.1", ""},
        {"host=localhost", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        resolve(cases[i].database_url);
        ck_assert_msg(strcmp(told.session, cases[i].session) == 0, "%s: %s", cases[i].database_url,
                      told.session);
    }
    setenv("PGHOST", "10.0.0.1,10.0.0.2", 1);
    resolve("");
    ck_assert_str_eq(told.session, "read-write");
    setenv("PGTARGETSESSIONATTRS", "prefer-standby", 1);
    resolve("");
    ck_assert_str_eq(told.session, ""); /* libpq's business */
}
END_TEST

START_TEST(what_the_string_lacks_comes_from_the_environment) {
    setenv("PGHOST", "10.0.0.1,10.0.0.2", 1);
    setenv("PGPORT", "1,2", 1);
    static const char *const without[] = {"", "dbname=shop", "host='' port=''"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        resolve(without[i]);
        ck_assert_str_eq(told.host, "10.0.0.1,10.0.0.2");
        ck_assert_str_eq(told.port, "1,2");
    }
    resolve("host=10.0.0.3 port=3");
    ck_assert_str_eq(told.host, "10.0.0.3");
    ck_assert_str_eq(told.port, "3");
}
END_TEST

START_TEST(each_address_of_a_name_takes_its_place_among_the_hosts) {
    static const struct {
        const char *hostaddr, *host, *port;
    } cases[] = {
        {",127.0.0.1,", "10.0.0.1,localhost,10.0.0.2", "1,2,3"},
        {",127.0.0.1,::1,", "10.0.0.1,localhost,localhost,10.0.0.2", "1,2,2,3"},
        {",::1,127.0.0.1,", "10.0.0.1,localhost,localhost,10.0.0.2", "1,2,2,3"},
    };
    resolve("host=10.0.0.1,localhost,10.0.0.2 port=1,2,3");
    size_t i = 0;
    while (i < sizeof cases / sizeof *cases && strcmp(told.hostaddr, cases[i].hostaddr) != 0) {
        i++;
    }
    ck_assert_msg(i < sizeof cases / sizeof *cases, "localhost is %s", told.hostaddr);
    ck_assert_str_eq(told.host, cases[i].host);
    ck_assert_str_eq(told.port, cases[i].port);
}
END_TEST

START_TEST(an_address_can_be_resolved_again) {
    struct server_address *address = parse("host=localhost");
    memset(&told, 0, sizeof told);
    for (int i = 1; i <= 3; i++) {
        ck_assert_ptr_nonnull(server_address_resolve(address, on_done, &told));
        run_until_told(i);
        ck_assert(told.resolved);
    }
    server_address_free(address);
}
END_TEST

START_TEST(the_name_that_cannot_be_resolved_is_told) {
    resolve("host=localhost," LONG_LABEL ",127.0.0.1");
    ck_assert(!told.resolved);
    ck_assert_str_eq(told.unresolved, LONG_LABEL);
}
END_TEST

START_TEST(a_host_without_a_port_of_its_own_is_told) {
    resolve("host=10.0.0.1,10.0.0.2,10.0.0.3 port=1,2");
    ck_assert(!told.resolved);
    ck_assert_str_eq(told.unresolved, "10.0.0.3");
}
END_TEST

START_TEST(a_cancelled_resolution_tells_nothing) {
    for (int turns = 0; turns < 2; turns++) {
        struct server_address *address = parse("host=no-such-name.invalid");
        memset(&told, 0, sizeof told);
        struct resolution *resolution = server_address_resolve(address, on_done, &told);
        if (turns > 0) {
            event_base_loop(base, EVLOOP_NONBLOCK); /* now a name server is being asked */
        }
        if (told.count == 0) { /* a machine without one has failed at once */
            resolution_cancel(resolution);
            event_base_loop(base, EVLOOP_NONBLOCK);
            ck_assert_int_eq(told.count, 0);
        }
        server_address_free(address);
    }
}
END_TEST

Suite *server_address_suite(void) {
    Suite *suite = suite_create("server_address");
    TCase *cases = tcase_create("server_address");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_add_test(cases, url_and_keyword_form_mean_the_same);
    tcase_add_test(cases, a_wrong_string_is_refused_without_showing_the_password);
    tcase_add_test(cases, what_needs_no_resolution_is_left_alone);
    tcase_add_test(cases, several_hosts_keep_their_ports);
    tcase_add_test(cases, of_several_hosts_the_one_that_takes_writes_is_meant_unless_it_is_said);
    tcase_add_test(cases, what_the_string_lacks_comes_from_the_environment);
    tcase_add_test(cases, each_address_of_a_name_takes_its_place_among_the_hosts);
    tcase_add_test(cases, an_address_can_be_resolved_again);
    tcase_add_test(cases, the_name_that_cannot_be_resolved_is_told);
    tcase_add_test(cases, a_host_without_a_port_of_its_own_is_told);
    tcase_add_test(cases, a_cancelled_resolution_tells_nothing);
    suite_add_tcase(suite, cases);
    return suite;
}

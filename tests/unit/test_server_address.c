/* Where the PostgreSQL server is, as libpq is told it. The names looked up here stand in
 * /etc/hosts. */
#include "db/attempts.h"
#include "db/server_address.h"
#include "fake_libpq.h"
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_LABEL "a234567890123456789012345678901234567890123456789012345678901234"

static struct event_base *base;
static struct resolver resolver;

/* What the last search told, and where its attempts went, in their order. */
static struct {
    int count;
    bool has_session, at_once;
    char reason[ATTEMPTS_REASON_SIZE];
    struct endpoint endpoint;
} told;

static struct fake_parameters tried[16];
static size_t tried_count;

static void start(void) {
    static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGPORT",
                                            "PGTARGETSESSIONATTRS"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        unsetenv(variables[i]);
    }
    base = event_base_new();
    resolver = (struct resolver){.base = base};
}

static void stop(void) {
    resolver_close(&resolver);
    event_base_free(base);
}

static struct server_address *parse(const char *database_url) {
    char error[128] = "";
    struct server_address *address = server_address_new(database_url, error, sizeof error);
    ck_assert_msg(address, "%s: %s", database_url, error);
    return address;
}

static void on_done(void *owner, const struct attempts_result *result) {
    ck_assert_ptr_eq(owner, &told);
    told.count++;
    told.has_session = result->session != NULL;
    told.at_once = result->at_once;
    told.endpoint = result->endpoint;
    snprintf(told.reason, sizeof told.reason, "%s", result->reason ? result->reason : "");
    PQfinish(result->session);
}

static struct attempts *begin(struct server_address *address, int64_t limit_ms) {
    const struct attempts_settings settings = {
        .application = "test", .limit_ms = limit_ms, .on_done = on_done, .owner = &told};
    memset(&told, 0, sizeof told);
    return attempts_begin(base, &resolver, address, &settings);
}

/* Not with event_base_dispatch(): libevent 2.1 may listen to name servers even when idle. */
static void run_until_told(void) {
    ck_assert_int_eq(told.count, 0); /* later, never at once */
    while (told.count == 0) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    ck_assert_int_eq(told.count, 1);
}

static void search(struct server_address *address, int64_t limit_ms) {
    size_t before = fake_sessions_opened();
    begin(address, limit_ms);
    run_until_told();
    tried_count = fake_sessions_opened() - before;
    for (size_t i = 0; i < tried_count; i++) {
        tried[i] = *fake_tried(before + i);
    }
}

/* Where all attempts go while nobody accepts one. */
static void try_all(const char *database_url) {
    struct server_address *address = parse(database_url);
    fake_accepts = false;
    search(address, 1000);
    fake_accepts = true;
    server_address_free(address);
    ck_assert(!told.has_session);
}

START_TEST(url_and_keyword_form_mean_the_same) {
    static const char *const forms[] = {
        "postgresql://joe:hunter%202@127.0.0.1:5433/shop",
        "host=127.0.0.1 port=5433 user=joe password='hunter 2' dbname=shop",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        try_all(forms[i]);
        ck_assert_uint_eq(tried_count, 1);
        ck_assert_str_eq(tried[0].host, "127.0.0.1");
        ck_assert_str_eq(tried[0].port, "5433");
        ck_assert_str_eq(tried[0].user, "joe");
        ck_assert_str_eq(tried[0].password, "hunter 2");
        ck_assert_str_eq(tried[0].dbname, "shop");
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
        ck_assert_msg(!server_address_new(wrong[i], error, sizeof error), "%s", wrong[i]);
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
        try_all(cases[i].database_url);
        ck_assert_uint_eq(tried_count, 1);
        ck_assert_str_eq(tried[0].host, cases[i].host);
        ck_assert_str_eq(tried[0].hostaddr, cases[i].hostaddr);
        ck_assert_str_eq(tried[0].port, cases[i].port);
    }
}
END_TEST

static void assert_tried(size_t count, const char *const (*hosts)[3]) {
    ck_assert_uint_eq(tried_count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(tried[i].host, hosts[i][0]);
        ck_assert_str_eq(tried[i].hostaddr, hosts[i][1]);
        ck_assert_str_eq(tried[i].port, hosts[i][2]);
    }
}

START_TEST(each_host_has_an_attempt_of_its_own_with_its_port) {
    try_all("host=10.0.0.1,,/run/postgresql,::1 port=1,2,,4");
    assert_tried(4, (const char *const[][3]){{"10.0.0.1", "", "1"},
                                             {",", "", "2"}, /* the default one */
                                             {"/run/postgresql", "", ""},
                                             {"::1", "", "4"}});
    try_all("host=10.0.0.1,10.0.0.2 port=5433");
    assert_tried(2, (const char *const[][3]){{"10.0.0.1", "", "5433"}, {"10.0.0.2", "", "5433"}});
    try_all("postgresql://10.0.0.1,10.0.0.2:2/shop");
    assert_tried(2, (const char *const[][3]){{"10.0.0.1", "", ""}, {"10.0.0.2", "", "2"}});
    try_all("host=one,two hostaddr=10.0.0.1,10.0.0.2 port=1,2");
    assert_tried(2, (const char *const[][3]){{"one", "10.0.0.1", "1"}, {"two", "10.0.0.2", "2"}});
}
END_TEST

START_TEST(lists_that_do_not_match_are_left_to_libpq) {
    try_all("host=10.0.0.1,10.0.0.2,10.0.0.3 port=1,2");
    assert_tried(1, (const char *const[][3]){{"10.0.0.1,10.0.0.2,10.0.0.3", "", "1,2"}});
    try_all("host=one,two hostaddr=10.0.0.1,10.0.0.2,10.0.0.3");
    assert_tried(1, (const char *const[][3]){{"one,two", "10.0.0.1,10.0.0.2,10.0.0.3", ""}});
}
END_TEST

START_TEST(of_several_hosts_the_one_that_takes_writes_is_meant_unless_it_is_said) {
    static const struct {
        const char *database_url, *attributes;
    } cases[] = {
        {"host=10.0.0.1,10.0.0.2", "read-write"},
        {"postgresql://10.0.0.1,10.0.0.2:2/shop", "read-write"},
        {"hostaddr=10.0.0.1,10.0.0.2", "read-write"},
        {"host=10.0.0.1,10.0.0.2 target_session_attrs=any", "any"},
        {"postgresql://10.0.0.1,10.0.0.2/shop?target_session_attrs=primary", "primary"},
        {"host=10.0.0.1", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        try_all(cases[i].database_url);
        for (size_t j = 0; j < tried_count; j++) {
            ck_assert_str_eq(tried[j].attributes, cases[i].attributes);
        }
    }
    setenv("PGHOST", "10.0.0.1,10.0.0.2", 1);
    try_all("");
    ck_assert_str_eq(tried[1].attributes, "read-write");
    setenv("PGTARGETSESSIONATTRS", "prefer-standby", 1);
    try_all("");
    ck_assert_str_eq(tried[1].attributes, ""); /* libpq's business */
}
END_TEST

START_TEST(what_the_string_lacks_comes_from_the_environment) {
    setenv("PGHOST", "10.0.0.1,10.0.0.2", 1);
    setenv("PGPORT", "1,2", 1);
    static const char *const without[] = {"", "dbname=shop", "host='' port=''"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        try_all(without[i]);
        assert_tried(2, (const char *const[][3]){{"10.0.0.1", "", "1"}, {"10.0.0.2", "", "2"}});
    }
    try_all("host=10.0.0.3 port=3");
    assert_tried(1, (const char *const[][3]){{"10.0.0.3", "", "3"}});
}
END_TEST

START_TEST(each_address_of_a_name_takes_its_place_among_the_hosts) {
    try_all("host=10.0.0.1,localhost,10.0.0.2 port=1,2,3");
    ck_assert_uint_ge(tried_count, 3);
    ck_assert_str_eq(tried[0].host, "10.0.0.1");
    ck_assert_str_eq(tried[tried_count - 1].host, "10.0.0.2");
    for (size_t i = 1; i < tried_count - 1; i++) {
        ck_assert_str_eq(tried[i].host, "localhost");
        ck_assert_str_eq(tried[i].port, "2");
        ck_assert(strcmp(tried[i].hostaddr, "127.0.0.1") == 0 ||
                  strcmp(tried[i].hostaddr, "::1") == 0);
    }
}
END_TEST

START_TEST(an_address_can_be_resolved_again) {
    struct server_address *address = parse("host=localhost");
    for (int i = 0; i < 3; i++) {
        search(address, 1000);
        ck_assert(told.has_session);
    }
    server_address_free(address);
}
END_TEST

START_TEST(a_name_that_cannot_be_resolved_is_told_and_keeps_no_other_from_being_tried) {
    try_all("host=localhost," LONG_LABEL ",127.0.0.1");
    ck_assert_ptr_nonnull(strstr(told.reason, LONG_LABEL));
    ck_assert_str_eq(tried[tried_count - 1].host, "127.0.0.1");
    struct server_address *address = parse("host=" LONG_LABEL ",127.0.0.1");
    search(address, 1000);
    ck_assert(told.has_session);
    server_address_free(address);
}
END_TEST

START_TEST(a_cancelled_search_tells_nothing) {
    for (int turns = 0; turns < 2; turns++) {
        struct server_address *address = parse("host=no-such-name.invalid,10.0.0.1");
        fake_silent_host = "10.0.0.1";
        struct attempts *attempts = begin(address, 1000);
        if (turns > 0) {
            event_base_loop(base, EVLOOP_NONBLOCK); /* now a name server is being asked */
        }
        attempts_cancel(attempts);
        event_base_loop(base, EVLOOP_NONBLOCK);
        ck_assert_int_eq(told.count, 0);
        server_address_free(address);
    }
}
END_TEST

/* Several hosts, of which some do not serve. */

START_TEST(a_silent_host_delays_the_next_one_and_hides_none) {
    struct server_address *address = parse("host=10.0.0.1,10.0.0.2,10.0.0.3");
    fake_silent_host = "10.0.0.1";
    fake_refusing_host = "10.0.0.2";
    search(address, 60000);
    ck_assert(told.has_session);
    ck_assert_uint_eq(told.endpoint.host, 2);
    server_address_free(address);
}
END_TEST

START_TEST(silent_hosts_are_tried_side_by_side_but_few_at_a_time) {
    struct server_address *address =
        parse("host=10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.2");
    fake_silent_host = "10.0.0.1";
    begin(address, 1500);
    for (size_t most = 0; told.count == 0;
         most = fake_sessions_open() > most ? fake_sessions_open() : most) {
        event_base_loop(base, EVLOOP_ONCE);
        ck_assert_uint_le(most, 4);
    }
    ck_assert(told.has_session);
    ck_assert_uint_eq(told.endpoint.host, 6);
    ck_assert_uint_eq(fake_sessions_open(), 0);
    server_address_free(address);
}
END_TEST

START_TEST(the_silent_host_is_told_when_none_serves) {
    struct server_address *address = parse("host=10.0.0.1,10.0.0.2");
    fake_silent_host = "10.0.0.1";
    fake_refusing_host = "10.0.0.2";
    search(address, 300);
    ck_assert(!told.has_session);
    ck_assert(!told.at_once);
    ck_assert_ptr_nonnull(strstr(told.reason, "within the time limit: 10.0.0.1"));
    fake_silent_host = NULL;
    fake_accepts = false;
    search(address, 60000);
    ck_assert(told.at_once);
    server_address_free(address);
}
END_TEST

START_TEST(the_host_that_served_last_is_tried_first) {
    struct server_address *address = parse("host=10.0.0.1,10.0.0.2,10.0.0.3");
    server_address_prefer(address, &(struct endpoint){.host = 2});
    search(address, 1000);
    assert_tried(1, (const char *const[][3]){{"10.0.0.3", "", ""}});
    server_address_free(address);
}
END_TEST

START_TEST(the_host_that_was_refused_last_is_tried_when_no_other_serves) {
    struct server_address *address = parse("host=10.0.0.1,10.0.0.2");
    server_address_prefer(address, &(struct endpoint){.host = 0});
    server_address_avoid(address, &(struct endpoint){.host = 0});
    fake_silent_host = "10.0.0.2";
    search(address, 600);
    ck_assert(told.has_session);
    assert_tried(2, (const char *const[][3]){{"10.0.0.2", "", ""}, {"10.0.0.1", "", ""}});
    fake_silent_host = NULL;
    search(address, 600);
    assert_tried(1, (const char *const[][3]){{"10.0.0.2", "", ""}});
    server_address_free(address);
}
END_TEST

Suite *server_address_suite(void) {
    Suite *suite = suite_create("server_address");
    TCase *cases = tcase_create("server_address");
    tcase_add_checked_fixture(cases, start, stop);
    tcase_add_test(cases, url_and_keyword_form_mean_the_same);
    tcase_add_test(cases, a_wrong_string_is_refused_without_showing_the_password);
    tcase_add_test(cases, what_needs_no_resolution_is_left_alone);
    tcase_add_test(cases, each_host_has_an_attempt_of_its_own_with_its_port);
    tcase_add_test(cases, lists_that_do_not_match_are_left_to_libpq);
    tcase_add_test(cases, of_several_hosts_the_one_that_takes_writes_is_meant_unless_it_is_said);
    tcase_add_test(cases, what_the_string_lacks_comes_from_the_environment);
    tcase_add_test(cases, each_address_of_a_name_takes_its_place_among_the_hosts);
    tcase_add_test(cases, an_address_can_be_resolved_again);
    tcase_add_test(cases,
                   a_name_that_cannot_be_resolved_is_told_and_keeps_no_other_from_being_tried);
    tcase_add_test(cases, a_cancelled_search_tells_nothing);
    tcase_add_test(cases, a_silent_host_delays_the_next_one_and_hides_none);
    tcase_add_test(cases, silent_hosts_are_tried_side_by_side_but_few_at_a_time);
    tcase_add_test(cases, the_silent_host_is_told_when_none_serves);
    tcase_add_test(cases, the_host_that_served_last_is_tried_first);
    tcase_add_test(cases, the_host_that_was_refused_last_is_tried_when_no_other_serves);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Who may ask the admin process over TCP. */
#include "admin/guard.h"
#include "suites.h"

static const struct admin_door local = {.address = "127.0.0.1:8081"};
static const struct admin_door other = {.address = "10.1.2.3:8081"};
static const struct admin_door ipv6 = {.address = "[fd00::7]:8081"};
static const struct admin_door everywhere = {.address = "0.0.0.0:8081", .is_wildcard = true};

START_TEST(names_that_lead_here_for_sure_are_known) {
    static const struct {
        const struct admin_door *door;
        const char *host;
    } cases[] = {
        {&local, "localhost"},      {&local, "localhost:8081"}, {&local, "LOCALHOST:9"},
        {&local, "127.0.0.1"},      {&local, "127.0.0.1:8081"}, {&local, "[::1]"},
        {&local, "[::1]:8081"},     {&other, "10.1.2.3"},       {&other, "10.1.2.3:80"},
        {&other, "localhost:8081"}, {&ipv6, "[fd00::7]:8081"},  {&ipv6, "[FD00::7]"},
        {&everywhere, "10.9.8.7"},  {&everywhere, "[fd00::1]"}, {&everywhere, "10.9.8.7:8081"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(guard_knows_host(cases[i].door, cases[i].host), "%s", cases[i].host);
    }
}
END_TEST

/* Each could be the name of somebody's site, or means nothing. */
START_TEST(other_names_are_not) {
    static const char *const hosts[] = {
        "attacker.example",
        "attacker.example:8081",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "localhost.",
        "",
        ":8081",
        "[::1",
        "[::1]x",
        "::1",
        "localhost:80x",
        "localhost:8081:1",
        "localhost/",
        "user@localhost",
        "127.0.0.1 ",
        "xlocalhost",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "a23456789a23456789a23456789a23456789a23456789a23456789a23456789a23456789",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        ck_assert_msg(!guard_knows_host(&local, hosts[i]), "'%s'", hosts[i]);
        ck_assert_msg(!guard_knows_host(&everywhere, hosts[i]), "'%s'", hosts[i]);
    }
    ck_assert(!guard_knows_host(&local, NULL));
    ck_assert(!guard_knows_host(&local, "10.1.2.3"));
}
END_TEST

Suite *guard_suite(void) {
    Suite *suite = suite_create("guard");
    TCase *cases = tcase_create("guard");
    tcase_add_test(cases, names_that_lead_here_for_sure_are_known);
    tcase_add_test(cases, other_names_are_not);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Listening sockets. */
#include "process/listener.h"
#include "scratch.h"
#include "suites.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char error[256];

/* Opens the socket of worker `index` of "unix:PREFIX" in the scratch folder. */
static int open_unix(const char *prefix, unsigned index) {
    char listen_on[256];
    snprintf(listen_on, sizeof listen_on, "unix:%s", scratch_path(prefix));
    *error = '\0';
    return listener_open(listen_on, index, error, sizeof error);
}

static int connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(client, (const struct sockaddr *)&address, sizeof address);
    close(client);
    return result;
}

static bool exists(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

START_TEST(a_unix_socket_takes_connections_and_blocks_nobody) {
    int descriptor = open_unix("deep/er/worker", 3);
    ck_assert_msg(descriptor >= 0, "%s", error);
    const char *path = scratch_path("deep/er/worker3.sock");
    ck_assert_int_eq(connect_unix(path), 0);
    ck_assert(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);

    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0666); /* NGINX may run as another user */

    listener_close(descriptor);
    ck_assert(!exists(path));
}
END_TEST

START_TEST(a_stale_socket_file_is_replaced) {
    int dead = open_unix("stale", 0);
    close(dead); /* as when the process is killed: the file stays */
    const char *path = scratch_path("stale0.sock");
    ck_assert(exists(path) && connect_unix(path) != 0);

    int descriptor = open_unix("stale", 0);
    ck_assert_msg(descriptor >= 0, "%s", error);
    ck_assert_int_eq(connect_unix(scratch_path("stale0.sock")), 0);
    listener_close(descriptor);
}
END_TEST

START_TEST(a_live_socket_is_left_to_its_owner) {
    int first = open_unix("live", 0);
    int free_descriptor = dup(first);
    close(free_descriptor);
    ck_assert_int_lt(open_unix("live", 0), 0);
    ck_assert_int_eq(dup(first), free_descriptor); /* nothing is left open */
    close(free_descriptor);
    ck_assert_msg(strstr(error, "another process"), "%s", error);
    ck_assert_int_eq(connect_unix(scratch_path("live0.sock")), 0);
    listener_close(first);
}
END_TEST

START_TEST(the_path_of_a_unix_socket_has_at_most_107_bytes) {
    char prefix[128];
    int filler = 107 - (int)strlen(scratch_path("0.sock"));
    for (int extra = 0; extra <= 1; extra++) {
        snprintf(prefix, sizeof prefix, "%0*d", filler + extra, 0);
        int descriptor = open_unix(prefix, 0);
        ck_assert_msg((descriptor >= 0) == (extra == 0), "%d: %s", extra, error);
        if (descriptor >= 0) {
            listener_close(descriptor);
        }
    }
    ck_assert_msg(strstr(error, "107"), "%s", error);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error) {
    scratch_file("file", "");
    ck_assert_int_lt(open_unix("file/worker", 0), 0);
    ck_assert_msg(strstr(error, "file/worker0.sock"), "%s", error);
}
END_TEST

/* The port that a socket of either family is bound to. */
static unsigned port_of(int descriptor) {
    struct sockaddr_in6 address = {0};
    socklen_t length = sizeof address;
    ck_assert_int_eq(getsockname(descriptor, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin6_port); /* at the same place in both */
}

/* A port that nobody listens on, and a moment later most likely still nobody. */
static unsigned free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    unsigned port = port_of(descriptor);
    close(descriptor);
    return port;
}

START_TEST(worker_n_has_tcp_port_base_plus_n) {
    for (unsigned index = 0; index <= 3; index += 3) {
        char listen_on[64];
        unsigned port = free_port();
        snprintf(listen_on, sizeof listen_on, "127.0.0.1:%u", port - index);
        int descriptor = listener_open(listen_on, index, error, sizeof error);
        ck_assert_msg(descriptor >= 0, "%s", error);
        ck_assert_uint_eq(port_of(descriptor), port);
        ck_assert(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
        ck_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);

        ck_assert_int_lt(listener_open(listen_on, index, error, sizeof error), 0);
        ck_assert_msg(strstr(error, listen_on), "%s", error);
        listener_close(descriptor);
    }
}
END_TEST

START_TEST(an_ipv6_address_stands_in_brackets) {
    char listen_on[64];
    unsigned port = free_port();
    snprintf(listen_on, sizeof listen_on, "[::1]:%u", port);
    int descriptor = listener_open(listen_on, 0, error, sizeof error);
    if (descriptor < 0) { /* a machine without IPv6 */
        ck_assert_msg(strstr(error, "ddress"), "%s", error);
        return;
    }
    ck_assert_uint_eq(port_of(descriptor), port);
    listener_close(descriptor);
}
END_TEST

START_TEST(other_forms_are_refused) {
    static const char *const wrong[] = {
        "",
        "8000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:18446744073709551617",
        ":8000",
        "[]:8000",
        "[:8000",
        "localhost:8000",
        "256.0.0.1:8000",
        "unix",
        "Unix:/tmp/worker:8000",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        *error = '\0';
        ck_assert_msg(listener_open(wrong[i], 0, error, sizeof error) < 0, "%s", wrong[i]);
        ck_assert_msg(strstr(error, wrong[i]) && !strchr(error, '\n'), "%s: %s", wrong[i], error);
    }
    ck_assert_int_lt(listener_open("127.0.0.1:65535", 1, error, sizeof error), 0);
    ck_assert_int_lt(listener_open("127.0.0.1:", 1, error, sizeof error), 0);
}
END_TEST

START_TEST(each_worker_has_an_address) {
    static const struct {
        const char *listen;
        unsigned index;
        const char *address;
    } cases[] = {
        {"unix:/run/qa/worker", 0, "unix:/run/qa/worker0.sock"},
        {"unix:w", 12, "unix:w12.sock"},
        {"127.0.0.1:9000", 3, "127.0.0.1:9003"},
        {"[::1]:9000", 1, "[::1]:9001"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char address[LISTENER_ADDRESS_SIZE];
        ck_assert(listener_address(cases[i].listen, cases[i].index, address));
        ck_assert_str_eq(address, cases[i].address);
        ck_assert(listener_is_address(address));
    }
}
END_TEST

Suite *listener_suite(void) {
    Suite *suite = suite_create("listener");
    TCase *cases = tcase_create("listener");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_test(cases, a_unix_socket_takes_connections_and_blocks_nobody);
    tcase_add_test(cases, a_stale_socket_file_is_replaced);
    tcase_add_test(cases, a_live_socket_is_left_to_its_owner);
    tcase_add_test(cases, the_path_of_a_unix_socket_has_at_most_107_bytes);
    tcase_add_test(cases, a_folder_that_cannot_be_made_is_an_error);
    tcase_add_test(cases, worker_n_has_tcp_port_base_plus_n);
    tcase_add_test(cases, an_ipv6_address_stands_in_brackets);
    tcase_add_test(cases, other_forms_are_refused);
    tcase_add_test(cases, each_worker_has_an_address);
    suite_add_tcase(suite, cases);
    return suite;
}

/* Messages between the holder of the shared memory and who asks for it, over real sockets. */
#include "pages/handout.h"
#include "pages/versions.h"
#include "scratch.h"
#include "suites.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The two ends of a connection. */
struct ends {
    int listening, holder, asker;
};

static struct ends connect_ends(void) {
    const char *path = scratch_path("shared");
    struct ends ends = {.listening = handout_listen(path)};
    ck_assert_int_ge(ends.listening, 0);
    ends.asker = handout_connect(path);
    ck_assert_int_ge(ends.asker, 0);
    ends.holder = accept4(ends.listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ck_assert_int_ge(ends.holder, 0);
    return ends;
}

static void close_ends(struct ends *ends) {
    close(ends->holder);
    close(ends->asker);
    close(ends->listening);
}

START_TEST(who_asks_receives_the_descriptor) {
    struct ends ends = connect_ends();
    struct handout_message message;
    ck_assert_int_eq(handout_hear(ends.holder, &message), HANDOUT_HEARD_NOTHING);
    ck_assert(handout_ask(ends.asker, HANDOUT_JOIN));
    ck_assert_int_eq(handout_hear(ends.holder, &message), HANDOUT_HEARD_WISH);
    ck_assert_int_eq(message.wish, HANDOUT_JOIN);
    ck_assert(!message.is_of_other_layout);

    int received, memory = memfd_create("test", MFD_CLOEXEC);
    ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_NOTHING_YET);
    ck_assert(handout_reply(ends.holder, HANDOUT_GRANTED, memory));
    ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_GRANTED);
    struct stat sent, come;
    ck_assert(fstat(memory, &sent) == 0 && fstat(received, &come) == 0);
    ck_assert(sent.st_ino == come.st_ino && sent.st_dev == come.st_dev);
    ck_assert(fcntl(received, F_GETFD) & FD_CLOEXEC);
    ck_assert(!handout_has_ended(ends.asker));
    close(memory);
    close(received);
    close_ends(&ends);
}
END_TEST

START_TEST(a_refusal_brings_no_descriptor) {
    struct ends ends = connect_ends();
    int received;
    ck_assert(handout_reply(ends.holder, HANDOUT_REFUSED, -1));
    ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_REFUSED);
    ck_assert_int_eq(received, -1);
    close_ends(&ends);
}
END_TEST

START_TEST(the_end_of_the_holder_shows) {
    struct ends ends = connect_ends();
    int received;
    ck_assert(!handout_has_ended(ends.asker));
    close(ends.holder);
    ck_assert(handout_has_ended(ends.asker));
    ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_ENDED);
    ck_assert(!handout_ask(ends.asker, HANDOUT_READ));
    close(ends.asker);
    close(ends.listening);
}
END_TEST

START_TEST(counts_reach_the_holder) {
    struct ends ends = connect_ends();
    struct handout_message message;
    ck_assert(handout_tell_count(ends.asker, handout_hit(SUBJECT_QUESTION, true), UINT64_MAX));
    ck_assert(handout_tell_count(ends.asker, handout_miss(SUBJECT_PRODUCT), 7));
    ck_assert_int_eq(handout_hear(ends.holder, &message), HANDOUT_HEARD_COUNT);
    ck_assert(message.count == HANDOUT_HITS - 1 && message.number == UINT64_MAX);
    ck_assert_int_eq(handout_hear(ends.holder, &message), HANDOUT_HEARD_COUNT);
    ck_assert(message.count == HANDOUT_HITS && message.number == 7);
    close(ends.asker);
    ck_assert_int_eq(handout_hear(ends.holder, &message), HANDOUT_HEARD_END);
    close(ends.holder);
    close(ends.listening);
}
END_TEST

START_TEST(what_is_no_message_ends_the_connection) {
    static const char *const texts[] = {"?", "exactly 24 bytes of text",
                                        "GET / HTTP/1.0\r\n\r\nGET "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ends ends = connect_ends();
        struct handout_message message;
        int received;
        ck_assert(send(ends.asker, texts[i], strlen(texts[i]), 0) > 0);
        ck_assert_int_eq(handout_hear(ends.holder, &message), HANDOUT_HEARD_END);
        ck_assert(send(ends.holder, texts[i], strlen(texts[i]), 0) > 0);
        ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_ENDED);
        close_ends(&ends);
    }
}
END_TEST

/* Sends a packet of so many bytes with two descriptors, as nobody of ours does. */
static void send_two_descriptors(int connection, const void *packet, size_t length) {
    int both[2] = {0, 0};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof both)];
    } control = {.header = {.cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS,
                            .cmsg_len = CMSG_LEN(sizeof both)}};
    memcpy(CMSG_DATA(&control.header), both, sizeof both);
    struct iovec part = {(void *)packet, length};
    const struct msghdr message = {.msg_iov = &part,
                                   .msg_iovlen = 1,
                                   .msg_control = &control,
                                   .msg_controllen = sizeof control};
    ck_assert_int_eq(sendmsg(connection, &message, 0), (ssize_t)length);
}

static int next_descriptor(void) {
    int descriptor = dup(0);
    close(descriptor);
    return descriptor;
}

START_TEST(no_descriptor_is_left_of_what_is_no_reply) {
    static const char text[] = "exactly 24 bytes of text";
    for (size_t length = 0; length <= 24; length += 24) {
        struct ends ends = connect_ends();
        int received, free_one = next_descriptor();
        send_two_descriptors(ends.holder, text, length);
        ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_ENDED);
        ck_assert_int_eq(received, -1);
        ck_assert_int_eq(next_descriptor(), free_one);
        close_ends(&ends);
    }
}
END_TEST

START_TEST(a_holder_that_says_more_than_its_reply_has_ended) {
    struct ends ends = connect_ends();
    int received;
    ck_assert(handout_reply(ends.holder, HANDOUT_REFUSED, -1));
    ck_assert_int_eq(handout_receive(ends.asker, &received), HANDOUT_REFUSED);
    ck_assert(!handout_has_ended(ends.asker));
    ck_assert(handout_reply(ends.holder, HANDOUT_REFUSED, -1));
    ck_assert(handout_has_ended(ends.asker));
    close_ends(&ends);
}
END_TEST

START_TEST(a_new_listener_takes_the_name_and_a_closed_one_refuses) {
    const char *path = scratch_path("taken");
    ck_assert_int_eq(handout_connect(path), -1);
    ck_assert_int_eq(errno, ENOENT);
    int old = handout_listen(path), new = handout_listen(path);
    ck_assert(old >= 0 && new >= 0);
    int connection = handout_connect(path);
    ck_assert_int_eq(accept4(old, NULL, NULL, 0), -1);
    int accepted = accept4(new, NULL, NULL, 0);
    ck_assert(connection >= 0 && accepted >= 0);
    close(new);
    ck_assert_int_eq(handout_connect(path), -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
    close(old);
    close(accepted);
    close(connection);
}
END_TEST

START_TEST(everybody_may_connect) {
    mode_t mask = umask(077);
    int listening = handout_listen(scratch_path("open"));
    ck_assert_uint_eq(umask(mask), 077);
    struct stat named;
    ck_assert_int_eq(stat(scratch_path("open.sock"), &named), 0);
    ck_assert_uint_eq(named.st_mode & 0777, 0666);
    close(listening);
}
END_TEST

START_TEST(a_name_longer_than_a_sockets_is_an_error) {
    char name[128];
    memset(name, 'x', sizeof name);
    name[103] = '\0';
    ck_assert(handout_connect(name) == -1 && errno == ENAMETOOLONG);
    ck_assert(handout_listen(scratch_path(name)) == -1 && errno == ENAMETOOLONG);
    name[102] = '\0';
    ck_assert(handout_connect(name) == -1 && errno == ENOENT);
}
END_TEST

Suite *handout_suite(void) {
    Suite *suite = suite_create("handout");
    TCase *cases = tcase_create("handout");
    tcase_add_unchecked_fixture(cases, scratch_make, scratch_remove);
    tcase_add_test(cases, who_asks_receives_the_descriptor);
    tcase_add_test(cases, a_refusal_brings_no_descriptor);
    tcase_add_test(cases, the_end_of_the_holder_shows);
    tcase_add_test(cases, counts_reach_the_holder);
    tcase_add_test(cases, what_is_no_message_ends_the_connection);
    tcase_add_test(cases, no_descriptor_is_left_of_what_is_no_reply);
    tcase_add_test(cases, a_holder_that_says_more_than_its_reply_has_ended);
    tcase_add_test(cases, a_new_listener_takes_the_name_and_a_closed_one_refuses);
    tcase_add_test(cases, everybody_may_connect);
    tcase_add_test(cases, a_name_longer_than_a_sockets_is_an_error);
    suite_add_tcase(suite, cases);
    return suite;
}

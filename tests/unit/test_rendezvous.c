/* How services of a host come to use one shared memory, and lose none: real processes, locks and
 * sockets. */
#include "ops/timer.h"
#include "pages/handout.h"
#include "process/lock_file.h"
#include "process/member.h"
#include "process/notify.h"
#include "scratch.h"
#include "suites.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVICES = 4, TICK_MS = 10, MEGABYTES = 1, ANOTHER_USER = 65534 };

static const struct logger quiet = {.level = LOG_LEVEL_ERROR + 1, .worker = -1};
static char path[512], error[512];

/* A supervisor without workers, in a process of its own, which shows what it has. */
struct service {
    pid_t pid;
    _Atomic uint64_t memory; /* inode; 0: it has not joined */
    _Atomic bool is_holder;
    _Atomic uint64_t looks;
    bool leaves_orphan; /* a process that has inherited what workers inherit outlives it */
    _Atomic int orphan;
    uid_t user; /* 0: that of the test */
};

static struct service *services; /* shared by all processes of a test */

static struct member member; /* of such a process */
static struct timer tick;
static struct watch stop;

static uint64_t inode_of(int descriptor) {
    struct stat file;
    return fstat(descriptor, &file) == 0 ? file.st_ino : 0;
}

static void on_tick(void *owner) {
    struct service *service = owner;
    timer_start(&tick, TICK_MS);
    member_watch(&member);
    service->memory = inode_of(member.rendezvous.memory);
    service->is_holder = rendezvous_is_holder(&member.rendezvous);
    service->looks++;
}

static void on_stop(void *owner) {
    (void)owner;
    member_stop(&member);
}

#define WAIT_UNTIL(condition)                                                                      \
    while (!(condition)) {                                                                         \
        (void)poll(NULL, 0, 2);                                                                    \
    }

static void leave_orphan(struct service *service) {
    if (fork() == 0) {
        close(member.rendezvous.lock);
        close(member.rendezvous.connection);
        close(member.rendezvous.listening);
        service->orphan = getpid();
        for (;;) {
            pause();
        }
    }
    WAIT_UNTIL(service->orphan != 0); /* it has closed what is the supervisor's alone */
}

static void serve(struct service *service) {
    if (service->user != 0 && setuid(service->user) != 0) {
        _exit(1);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct event_base *base = event_base_new();
    static const struct metrics_memory metrics; /* nobody looks at them */
    member_init(&member, base, path, &quiet, &metrics);
    enum member_joining joining;
    while ((joining = member_join(&member, MEGABYTES, error, sizeof error)) == MEMBER_NOT_YET) {
        (void)poll(NULL, 0, 1);
    }
    if (joining == MEMBER_FAILED) {
        _exit(1);
    }
    if (service->leaves_orphan) {
        leave_orphan(service);
    }
    timer_init(&tick, base, on_tick, service);
    watch_init_signal(&stop, base, SIGTERM, on_stop, NULL);
    if (watch_start(&stop)) {
        on_tick(service);
        event_base_dispatch(base);
    }
    _exit(2);
}

static struct service *start(unsigned number) {
    struct service *service = &services[number];
    service->memory = 0;
    service->is_holder = false;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        serve(service);
    }
    service->pid = pid;
    return service;
}

static void kill_service(struct service *service) {
    if (service->pid > 0) {
        ck_assert_int_eq(kill(service->pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(service->pid, NULL, 0), service->pid);
    }
    service->pid = 0;
}

static uint64_t memory_of(struct service *service) {
    WAIT_UNTIL(service->memory != 0);
    return service->memory;
}

static struct service *start_and_wait(unsigned number) {
    struct service *service = start(number);
    (void)memory_of(service);
    return service;
}

static void make(void) {
    services = mmap(NULL, SERVICES * sizeof *services, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(services != MAP_FAILED);
    scratch_make();
    strcpy(path, scratch_path("folder/shared"));
}

static void remove_all(void) {
    for (unsigned i = 0; i < SERVICES; i++) {
        kill_service(&services[i]);
        if (services[i].orphan > 0) {
            kill(services[i].orphan, SIGKILL);
        }
    }
    scratch_remove();
}

/* A newcomer that this test is itself. */
static struct rendezvous newcomer(void) {
    struct rendezvous rendezvous;
    rendezvous_init(&rendezvous, path);
    return rendezvous;
}

static enum rendezvous_result meet(struct rendezvous *rendezvous) {
    *error = '\0';
    return rendezvous_meet(rendezvous, MEGABYTES, error, sizeof error);
}

static enum rendezvous_result meet_at_last(struct rendezvous *rendezvous) {
    enum rendezvous_result result;
    while ((result = meet(rendezvous)) == RENDEZVOUS_WAIT) {
        (void)poll(NULL, 0, 1);
    }
    return result;
}

static bool is_missing(const char *name) {
    return access(name, F_OK) != 0;
}

START_TEST(the_first_is_the_holder_and_the_next_gets_its_memory) {
    struct service *first = start_and_wait(0), *second = start_and_wait(1);
    ck_assert(first->is_holder && !second->is_holder);
    ck_assert_uint_eq(first->memory, second->memory);
    struct stat file;
    ck_assert(stat(path, &file) == 0 && (file.st_mode & 0777) == 0600);
}
END_TEST

START_TEST(services_that_start_at_once_share_one_memory) {
    for (int round = 0; round < 10; round++) {
        for (unsigned i = 0; i < SERVICES; i++) {
            start(i);
        }
        unsigned holders = 0;
        for (unsigned i = 0; i < SERVICES; i++) {
            ck_assert_uint_eq(memory_of(&services[i]), memory_of(&services[0]));
            holders += services[i].is_holder;
        }
        ck_assert_uint_eq(holders, 1);
        for (unsigned i = 0; i < SERVICES; i++) {
            kill_service(&services[i]);
        }
    }
}
END_TEST

START_TEST(when_the_holder_is_killed_another_hands_the_same_memory_out) {
    struct service *first = start_and_wait(0), *second = start_and_wait(1);
    uint64_t memory = first->memory;
    kill_service(first);
    WAIT_UNTIL(second->is_holder);
    ck_assert_uint_eq(memory_of(start(2)), memory);
}
END_TEST

START_TEST(no_order_of_deaths_makes_a_second_memory) {
    for (unsigned i = 0; i < SERVICES; i++) {
        start_and_wait(i);
    }
    uint64_t memory = services[0].memory;
    srand(1);
    for (int round = 0; round < 60; round++) {
        /* The last one that was started may not yet have joined: at least two have. */
        struct service *service = &services[(unsigned)rand() % SERVICES];
        kill_service(service);
        start((unsigned)(service - services));
        if (rand() % 2) {
            (void)memory_of(service);
        }
        unsigned joined = 0;
        for (unsigned i = 0; i < SERVICES; i++) {
            joined += services[i].memory != 0;
        }
        for (unsigned i = 0; i < SERVICES && joined < 3; i++) {
            joined += memory_of(&services[i]) != 0;
        }
    }
    for (unsigned i = 0; i < SERVICES; i++) {
        ck_assert_uint_eq(memory_of(&services[i]), memory);
    }
}
END_TEST

START_TEST(no_new_memory_is_made_while_orphaned_workers_live) {
    services[0].leaves_orphan = true;
    struct service *first = start_and_wait(0);
    uint64_t memory = first->memory;
    kill_service(first);
    struct rendezvous next = newcomer();
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(meet(&next), RENDEZVOUS_WAIT);
        ck_assert_msg(strstr(error, "workers"), "%s", error);
    }
    kill(first->orphan, SIGKILL);
    ck_assert_int_eq(meet_at_last(&next), RENDEZVOUS_HOLDER);
    ck_assert_uint_ne(inode_of(next.memory), memory);
    rendezvous_close(&next);
}
END_TEST

START_TEST(orphaned_workers_do_not_hinder_another_member) {
    services[0].leaves_orphan = true;
    struct service *first = start_and_wait(0), *second = start_and_wait(1);
    kill_service(first);
    WAIT_UNTIL(second->is_holder);
    ck_assert_uint_eq(memory_of(start(2)), second->memory);
}
END_TEST

START_TEST(a_newcomer_waits_for_a_frozen_holder_and_says_so) {
    struct service *first = start_and_wait(0);
    kill(first->pid, SIGSTOP);
    struct rendezvous next = newcomer();
    ck_assert_int_eq(meet(&next), RENDEZVOUS_WAIT);
    ck_assert_msg(strstr(error, "does not respond"), "%s", error);
    ck_assert_int_eq(notify_services(path, 50, error, sizeof error), NOTIFY_FAILED);
    ck_assert_msg(strstr(error, "does not respond"), "%s", error);
    kill(first->pid, SIGCONT);
    ck_assert_int_eq(meet_at_last(&next), RENDEZVOUS_MEMBER);
    ck_assert_uint_eq(inode_of(next.memory), first->memory);
    rendezvous_close(&next);
}
END_TEST

/* Who dies between the holder's lock and listening, or before it replies, leaves nothing behind. */
START_TEST(a_holder_that_dies_before_it_hands_out_is_in_nobodys_way) {
    struct rendezvous dead = newcomer();
    ck_assert_int_eq(meet(&dead), RENDEZVOUS_HOLDER); /* it never accepts */
    struct rendezvous next = newcomer();
    ck_assert_int_eq(meet(&next), RENDEZVOUS_WAIT);
    ck_assert_int_eq(next.presence, -1);
    rendezvous_close(&dead);
    int lock = lock_file_make(path, error, sizeof error);
    ck_assert(lock_file_take(lock, LOCK_FILE_HOLDER, LOCK_FILE_EXCLUSIVE));
    ck_assert_int_eq(meet(&next), RENDEZVOUS_WAIT); /* nobody listens yet */
    close(lock);
    ck_assert_int_eq(meet(&next), RENDEZVOUS_HOLDER);
    rendezvous_close(&next);
}
END_TEST

START_TEST(a_holder_that_stops_hands_over_to_a_member) {
    struct service *first = start_and_wait(0), *second = start_and_wait(1);
    kill(first->pid, SIGTERM);
    WAIT_UNTIL(second->is_holder && !first->is_holder);
    ck_assert_uint_eq(memory_of(start(2)), first->memory);
}
END_TEST

START_TEST(a_holder_that_stops_alone_hands_over_to_a_newcomer) {
    struct service *first = start_and_wait(0);
    kill(first->pid, SIGTERM);
    struct service *second = start_and_wait(1);
    WAIT_UNTIL(second->is_holder && !first->is_holder);
    ck_assert_uint_eq(second->memory, first->memory);
}
END_TEST

/* What a reader gets, and its connection. */
static int ask_to_read(int *connection, enum handout_result expected) {
    int descriptor;
    *connection = handout_connect(path);
    ck_assert_int_ge(*connection, 0);
    ck_assert(handout_ask(*connection, HANDOUT_READ));
    struct pollfd wanted = {.fd = *connection, .events = POLLIN};
    ck_assert_int_eq(poll(&wanted, 1, -1), 1);
    ck_assert_int_eq(handout_receive(*connection, &descriptor), expected);
    return descriptor;
}

START_TEST(a_reader_loses_the_connection_when_the_holder_stops) {
    struct service *first = start_and_wait(0);
    int connection, later;
    int descriptor = ask_to_read(&connection, HANDOUT_GRANTED);
    struct shared_memory memory;
    ck_assert(!shared_memory_map(&memory, descriptor, SHARED_MEMORY_WRITE));
    ck_assert(shared_memory_map(&memory, descriptor, SHARED_MEMORY_READ));
    WAIT_UNTIL(shared_memory_vouched_ms(&memory) != 0);
    ck_assert(!handout_has_ended(connection));
    kill(first->pid, SIGTERM);
    WAIT_UNTIL(handout_has_ended(connection));
    ck_assert_int_eq(shared_memory_vouched_ms(&memory), 0);
    ck_assert_int_eq(ask_to_read(&later, HANDOUT_REFUSED), -1);
    shared_memory_unmap(&memory);
    close(descriptor);
    close(connection);
    close(later);
}
END_TEST

START_TEST(another_user_may_read_and_change_nothing) {
    if (geteuid() != 0) {
        return;
    }
    start_and_wait(0);
    ck_assert_int_eq(chmod(scratch_path("."), 0755), 0);
    pid_t child = fork();
    if (child == 0) {
        int connection;
        struct rendezvous next = newcomer();
        ck_assert_int_eq(setuid(ANOTHER_USER), 0);
        int descriptor = ask_to_read(&connection, HANDOUT_GRANTED);
        bool is_refused = write(descriptor, "x", 1) < 0 && meet(&next) == RENDEZVOUS_FAILED &&
                          notify_services(path, 0, error, sizeof error) == NOTIFY_FAILED;
        connection = handout_connect(path);
        struct pollfd wanted = {.fd = connection, .events = POLLIN};
        is_refused = is_refused && handout_ask(connection, HANDOUT_JOIN) &&
                     poll(&wanted, 1, -1) == 1 &&
                     handout_receive(connection, &descriptor) == HANDOUT_REFUSED;
        _exit(is_refused ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(root_trusts_the_user_whose_file_it_is_and_nobody_else) {
    if (geteuid() != 0) {
        return;
    }
    ck_assert(mkdir(scratch_path("folder"), 0700) == 0 &&
              chown(scratch_path("folder"), ANOTHER_USER, ANOTHER_USER) == 0 &&
              chmod(scratch_path("."), 0755) == 0);
    services[0].user = ANOTHER_USER;
    struct service *first = start_and_wait(0);
    ck_assert_int_eq(notify_services(path, 60000, error, sizeof error), NOTIFY_DONE);
    struct rendezvous next = newcomer();
    ck_assert_int_eq(meet_at_last(&next), RENDEZVOUS_MEMBER);
    rendezvous_close(&next);
    ck_assert_int_eq(chown(path, ANOTHER_USER - 1, ANOTHER_USER), 0);
    ck_assert_int_eq(notify_services(path, 60000, error, sizeof error), NOTIFY_FAILED);
    ck_assert_msg(strstr(error, "another user"), "%s", error);
    next = newcomer();
    ck_assert_int_eq(meet(&next), RENDEZVOUS_FAILED);
    ck_assert_msg(strstr(error, "another user"), "%s", error);
    rendezvous_close(&next);
    kill_service(first);
}
END_TEST

/* ---- The file goes away ---- */

START_TEST(a_file_that_was_removed_is_made_anew_for_the_same_memory) {
    struct service *first = start_and_wait(0), *second = start_and_wait(1);
    uint64_t memory = first->memory;
    ck_assert_int_eq(unlink(path), 0);
    WAIT_UNTIL(!is_missing(path));
    ck_assert_uint_eq(memory_of(start(2)), memory);
    uint64_t looks = second->looks + 2;
    WAIT_UNTIL(second->looks > looks); /* it is present in the new file as well */
    kill_service(first);
    WAIT_UNTIL(second->is_holder || services[2].is_holder);
    ck_assert_uint_eq(memory_of(start(3)), memory);
    kill_service(second);
    kill_service(&services[2]);
    WAIT_UNTIL(services[3].is_holder);
    ck_assert_uint_eq(memory_of(start(0)), memory);
}
END_TEST

START_TEST(a_newcomer_that_finds_no_file_makes_no_second_memory) {
    struct service *first = start_and_wait(0);
    for (int round = 0; round < 20; round++) {
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_uint_eq(memory_of(start(1)), first->memory);
        kill_service(&services[1]);
        WAIT_UNTIL(!is_missing(path));
        uint64_t looks = first->looks + 2;
        WAIT_UNTIL(first->looks > looks);
    }
}
END_TEST

START_TEST(a_socket_that_was_removed_is_made_anew) {
    struct service *first = start_and_wait(0);
    char socket[PATH_MAX];
    ck_assert(handout_socket_path(path, socket));
    ck_assert_int_eq(unlink(socket), 0);
    ck_assert_uint_eq(memory_of(start(1)), first->memory);
}
END_TEST

START_TEST(who_finds_others_with_another_memory_stays_apart_until_they_have_gone) {
    struct rendezvous lonely = newcomer();
    ck_assert_int_eq(meet(&lonely), RENDEZVOUS_HOLDER);
    char socket[PATH_MAX];
    ck_assert(handout_socket_path(path, socket));
    ck_assert(unlink(path) == 0 && unlink(socket) == 0);
    struct service *other = start_and_wait(0);
    ck_assert(!rendezvous_is_intact(&lonely));
    ck_assert_int_eq(meet_at_last(&lonely), RENDEZVOUS_APART);
    ck_assert(rendezvous_is_holder(&lonely));
    ck_assert_uint_ne(inode_of(lonely.memory), other->memory);
    kill_service(other);
    ck_assert_int_eq(meet_at_last(&lonely), RENDEZVOUS_HOLDER);
    ck_assert(rendezvous_is_intact(&lonely));
    rendezvous_close(&lonely);
}
END_TEST

START_TEST(a_file_that_is_cut_or_written_to_harms_nobody) {
    struct service *first = start_and_wait(0);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_uint_eq(memory_of(start(1)), first->memory);
    ck_assert_int_eq(truncate(path, 1 << 20), 0);
    uint64_t looks = first->looks + 2;
    WAIT_UNTIL(first->looks > looks);
    struct rendezvous next = newcomer();
    ck_assert_int_eq(meet(&next), RENDEZVOUS_FAILED);
    ck_assert_msg(strstr(error, "remove it"), "%s", error);
    rendezvous_close(&next);
}
END_TEST

START_TEST(what_is_no_file_of_ours_is_refused_and_left_as_it_is) {
    char elsewhere[256];
    strcpy(elsewhere, scratch_path("elsewhere"));
    strcpy(path, scratch_path("wrong"));
    for (int kind = 0; kind < 4; kind++) {
        ck_assert_int_eq(kind == 0   ? symlink(elsewhere, path)
                         : kind == 1 ? mkfifo(path, 0600)
                         : kind == 2 ? mkdir(path, 0700)
                                     : truncate(scratch_file("wrong", "somebody's"), 8),
                         0);
        struct rendezvous next = newcomer();
        ck_assert_int_eq(meet(&next), RENDEZVOUS_FAILED);
        ck_assert_msg(strstr(error, "QA_SHARED_FILE") && !strchr(error, '\n'), "%s", error);
        ck_assert_int_eq(notify_services(path, 0, error, sizeof error), NOTIFY_FAILED);
        rendezvous_close(&next);
        ck_assert(is_missing(elsewhere));
        ck_assert_int_eq(remove(path), 0);
    }
}
END_TEST

START_TEST(a_path_that_is_too_long_for_a_socket_will_do) {
    char folder[201];
    memset(folder, 'x', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    snprintf(path, sizeof path, "%s/shared", scratch_path(folder));
    struct service *first = start_and_wait(0);
    ck_assert_uint_eq(memory_of(start(1)), first->memory);
    ck_assert_int_eq(notify_services(path, 60000, error, sizeof error), NOTIFY_DONE);
    kill_service(first);
    WAIT_UNTIL(services[1].is_holder);
}
END_TEST

START_TEST(a_disk_without_room_does_no_harm) {
    if (!scratch_mount_small("disk", 4096)) {
        return;
    }
    strcpy(path, scratch_path("disk/shared"));
    int rest = open(scratch_path("disk/rest"), O_CREAT | O_WRONLY, 0600);
    while (write(rest, path, sizeof path) > 0) {
    }
    struct service *first = start_and_wait(0);
    ck_assert_uint_eq(memory_of(start(1)), first->memory);
}
END_TEST

/* ---- Commands ---- */

START_TEST(a_command_makes_nothing_and_knows_when_nobody_is_there) {
    ck_assert_int_eq(notify_services(path, 0, error, sizeof error), NOTIFY_NOBODY);
    ck_assert(is_missing(path));
    struct service *first = start_and_wait(0);
    kill_service(first);
    ck_assert_int_eq(notify_services(path, 0, error, sizeof error), NOTIFY_NOBODY);
}
END_TEST

START_TEST(a_command_invalidates_everything_also_when_the_file_was_removed) {
    start_and_wait(0);
    int connection, descriptor = ask_to_read(&connection, HANDOUT_GRANTED);
    struct shared_memory memory;
    ck_assert(shared_memory_map(&memory, descriptor, SHARED_MEMORY_READ));
    for (int round = 0; round < 2; round++) {
        uint64_t before = versions_note(shared_memory_versions(&memory), 0).epoch;
        ck_assert_int_eq(notify_services(path, 60000, error, sizeof error), NOTIFY_DONE);
        ck_assert_uint_gt(versions_note(shared_memory_versions(&memory), 0).epoch, before);
        (void)unlink(path);
    }
    shared_memory_unmap(&memory);
    close(descriptor);
    close(connection);
}
END_TEST

START_TEST(a_command_waits_for_a_service_that_is_just_taking_over) {
    services[0].leaves_orphan = true; /* somebody is present, and nobody listens */
    struct service *first = start_and_wait(0);
    kill_service(first);
    ck_assert_int_eq(notify_services(path, 50, error, sizeof error), NOTIFY_FAILED);
    kill(first->orphan, SIGKILL);
    ck_assert_int_eq(notify_services(path, 60000, error, sizeof error), NOTIFY_NOBODY);
}
END_TEST

Suite *rendezvous_suite(void) {
    Suite *suite = suite_create("rendezvous");
    TCase *cases = tcase_create("rendezvous");
    tcase_add_checked_fixture(cases, make, remove_all);
    tcase_add_test(cases, the_first_is_the_holder_and_the_next_gets_its_memory);
    tcase_add_test(cases, services_that_start_at_once_share_one_memory);
    tcase_add_test(cases, when_the_holder_is_killed_another_hands_the_same_memory_out);
    tcase_add_test(cases, no_order_of_deaths_makes_a_second_memory);
    tcase_add_test(cases, no_new_memory_is_made_while_orphaned_workers_live);
    tcase_add_test(cases, orphaned_workers_do_not_hinder_another_member);
    tcase_add_test(cases, a_newcomer_waits_for_a_frozen_holder_and_says_so);
    tcase_add_test(cases, a_holder_that_dies_before_it_hands_out_is_in_nobodys_way);
    tcase_add_test(cases, a_holder_that_stops_hands_over_to_a_member);
    tcase_add_test(cases, a_holder_that_stops_alone_hands_over_to_a_newcomer);
    tcase_add_test(cases, a_reader_loses_the_connection_when_the_holder_stops);
    tcase_add_test(cases, another_user_may_read_and_change_nothing);
    tcase_add_test(cases, root_trusts_the_user_whose_file_it_is_and_nobody_else);
    tcase_add_test(cases, a_file_that_was_removed_is_made_anew_for_the_same_memory);
    tcase_add_test(cases, a_newcomer_that_finds_no_file_makes_no_second_memory);
    tcase_add_test(cases, a_socket_that_was_removed_is_made_anew);
    tcase_add_test(cases, who_finds_others_with_another_memory_stays_apart_until_they_have_gone);
    tcase_add_test(cases, a_file_that_is_cut_or_written_to_harms_nobody);
    tcase_add_test(cases, what_is_no_file_of_ours_is_refused_and_left_as_it_is);
    tcase_add_test(cases, a_path_that_is_too_long_for_a_socket_will_do);
    tcase_add_test(cases, a_disk_without_room_does_no_harm);
    tcase_add_test(cases, a_command_makes_nothing_and_knows_when_nobody_is_there);
    tcase_add_test(cases, a_command_invalidates_everything_also_when_the_file_was_removed);
    tcase_add_test(cases, a_command_waits_for_a_service_that_is_just_taking_over);
    suite_add_tcase(suite, cases);
    return suite;
}

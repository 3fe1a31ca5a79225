/*
 * Checks promise 2 of the API: no read shows the state before a write that was acknowledged before
 * the read was sent.
 *
 *   soak [OPTION]... ADDRESS...
 *     --reads N            ends after so many checked reads
 *     --seconds N          or after so long
 *     --connections N      half of them to the first ADDRESS, the others to all by turns (24)
 *     --places N           products that are looked at (32)
 *     --reads-per-write N  (40)
 *     --rest-ms N          what a connection rests after each request (0)
 *     --first-product N    products from here on are nobody else's (100,000,000)
 *     --faults             requests may fail, as something breaks meanwhile; some clients go away
 *
 * ADDRESS is NGINX's port or the path of a worker's socket. Each line on standard input makes it
 * print a line of JSON with what was counted so far; at the end of the input it ends, with a last
 * such line that has the places. Exit status 1: a read was stale, or something else was wrong;
 * standard error has the first of these.
 */
#include "client.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, TICK_MS = 5, FINDINGS_MAX = 100 };

struct options {
    uint64_t reads;
    int64_t seconds;
    size_t connections;
    size_t places;
    int64_t first_product;
    unsigned reads_per_write;
    int64_t rest_ms;
    bool has_faults;
    size_t address_count;
    char **names;
};

static struct checker checker;

static int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) {
        perror("calloc");
        exit(1);
    }
    return memory;
}

static bool parse_options(struct options *options, int argc, char **argv) {
    static const struct option names[] = {{"reads", required_argument, NULL, 'r'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"connections", required_argument, NULL, 'c'},
                                          {"places", required_argument, NULL, 'p'},
                                          {"reads-per-write", required_argument, NULL, 'w'},
                                          {"rest-ms", required_argument, NULL, 't'},
                                          {"first-product", required_argument, NULL, 'f'},
                                          {"faults", no_argument, NULL, 'x'},
                                          {0}};
    *options = (struct options){.reads = UINT64_MAX,
                                .seconds = INT32_MAX,
                                .connections = 24,
                                .places = 32,
                                .first_product = 100000000,
                                .reads_per_write = 40};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        long long number = optarg ? strtoll(optarg, NULL, 10) : 1;
        if (number <= 0) {
            return false;
        }
        switch (option) {
        case 'r':
            options->reads = (uint64_t)number;
            break;
        case 's':
            options->seconds = number;
            break;
        case 'c':
            options->connections = (size_t)number;
            break;
        case 'p':
            options->places = (size_t)number;
            break;
        case 'w':
            options->reads_per_write = (unsigned)number;
            break;
        case 't':
            options->rest_ms = number;
            break;
        case 'f':
            options->first_product = number;
            break;
        case 'x':
            options->has_faults = true;
            break;
        default:
            return false;
        }
    }
    options->names = argv + optind;
    options->address_count = (size_t)(argc - optind);
    return options->address_count > 0;
}

static void print_places(void) {
    printf(", \"places\": [");
    for (size_t i = 0; i < checker.ledger.count; i++) {
        const struct place *place = &checker.ledger.places[i];
        printf("%s{\"product\": %ld", i > 0 ? ", " : "", place->product);
        static const char *const names[LEDGER_MAIN] = {"question", "answer"};
        for (size_t j = 0; j < LEDGER_MAIN; j++) {
            const struct slot *slot = &place->slots[j];
            if (slot->phase == PHASE_ADDED) {
                printf(", \"%s\": {\"id\": %ld, \"acknowledged\": %ld, \"sent\": %ld, "
                       "\"shown\": %ld}",
                       names[j], slot->id, slot->votes_acknowledged, slot->votes_sent,
                       slot->votes_shown);
            }
        }
        printf("}");
    }
    printf("]");
}

static void print_counts(int64_t began_ms, bool is_last) {
    const struct counts *counts = &checker.counts;
    printf("{\"seconds\": %.3f, \"reads\": %lu, \"confirmed\": %lu, \"compressed\": %lu, "
           "\"acknowledged\": %lu, \"refused\": %lu, \"unknown\": %lu, \"failed\": %lu, "
           "\"stale\": %lu, \"wrong\": %lu",
           (double)(clock_ms() - began_ms) / 1000, counts->reads, counts->confirmed,
           counts->compressed, counts->acknowledged, counts->refused, counts->unknown,
           counts->failed, counts->stale, counts->wrong);
    if (is_last) {
        print_places();
    }
    printf("}\n");
    fflush(stdout);
}

/* A line for each line; the end of the input ends the work. */
static void on_input(int64_t began_ms) {
    char input[256];
    ssize_t got = read(STDIN_FILENO, input, sizeof input);
    if (got <= 0) {
        checker.is_ending = true;
        epoll_ctl(checker.epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    }
    for (ssize_t i = 0; i < got; i++) {
        if (input[i] == '\n') {
            print_counts(began_ms, false);
        }
    }
}

static bool is_over(const struct options *options, int64_t began_ms) {
    const struct counts *counts = &checker.counts;
    return counts->reads >= options->reads || counts->stale + counts->wrong >= FINDINGS_MAX ||
           checker.now_ms - began_ms >= options->seconds * 1000;
}

static void run(const struct options *options, struct client *clients) {
    const int64_t began_ms = clock_ms();
    int64_t ticked_ms = 0;
    while (!checker.is_ending || checker.busy > 0) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(checker.epoll, events, EVENTS_MAX, TICK_MS);
        checker.now_ms = clock_ms();
        checker.is_ending = checker.is_ending || is_over(options, began_ms);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) {
                client_on_event(events[i].data.ptr);
            } else {
                on_input(began_ms);
            }
        }
        if (checker.now_ms - ticked_ms >= TICK_MS) {
            ticked_ms = checker.now_ms;
            for (size_t i = 0; i < options->connections; i++) {
                client_on_tick(&clients[i]);
            }
        }
    }
    print_counts(began_ms, true);
}

/* Standard input may be a file or /dev/null, which cannot be waited for: then it does not matter.
 */
static void watch_input(void) {
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(checker.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0 && errno != EPERM) {
        perror("standard input");
        exit(1);
    }
}

static struct client *make_clients(const struct options *options,
                                   const struct http_address *addresses) {
    struct client *clients = allocate(options->connections, sizeof *clients);
    for (size_t i = 0; i < options->connections; i++) {
        size_t index = i % 2 == 0 ? 0 : i / 2 % options->address_count;
        clients[i] = (struct client){.checker = &checker,
                                     .name = options->names[index],
                                     .address = &addresses[index],
                                     .connection.fd = -1};
    }
    return clients;
}

int main(int argc, char **argv) {
    struct options options;
    if (!parse_options(&options, argc, argv)) {
        fprintf(stderr, "usage: %s [OPTION]... ADDRESS...\n", argv[0]);
        return 2;
    }
    struct http_address *addresses = allocate(options.address_count, sizeof *addresses);
    for (size_t i = 0; i < options.address_count; i++) {
        if (!http_address_parse(&addresses[i], options.names[i])) {
            fprintf(stderr, "neither a port nor the path of a socket: %s\n", options.names[i]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    checker = (struct checker){.random = (uint64_t)clock_ms() | 1,
                               .reads_per_write = options.reads_per_write,
                               .rest_ms = options.rest_ms,
                               .has_faults = options.has_faults,
                               .epoll = epoll_create1(EPOLL_CLOEXEC)};
    ledger_init(&checker.ledger, options.places, options.first_product);
    watch_input();
    struct client *clients = make_clients(&options, addresses);
    run(&options, clients);
    ledger_clear(&checker.ledger);
    free(clients);
    free(addresses);
    return checker.counts.stale + checker.counts.wrong > 0;
}

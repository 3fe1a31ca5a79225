/* `atelier-qa health`: asks the workers whether they live. Touches no database. */
#include "cli/health.h"

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "ops/clock.h"
#include "ops/config_load.h"
#include "ops/number.h"
#include "process/listener.h"
#include "process/places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WITHIN_MS = 2000, OK = 200 };

/* Which workers are asked. */
struct selection {
    bool is_one;
    unsigned worker; /* which one */
};

static bool read_worker(const char *text, struct selection *selection) {
    uint64_t number;
    if (!text || !number_parse(text, strlen(text), 0, PLACES_MAX - 1, &number)) {
        fprintf(stderr, "atelier-qa: --worker must be followed by a number from 0 to %d\n",
                PLACES_MAX - 1);
        return false;
    }
    *selection = (struct selection){.is_one = true, .worker = (unsigned)number};
    return true;
}

/* Takes what says which workers out of the arguments; false where that is wrong, which is told. */
static bool take_selection(int *argc, char **argv, struct selection *selection) {
    static const char flag[] = "--worker";
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        const char *rest =
            strncmp(argv[i], flag, sizeof flag - 1) == 0 ? argv[i] + sizeof flag - 1 : NULL;
        if (strcmp(argv[i], "--all") == 0) {
            *selection = (struct selection){0};
        } else if (rest && *rest == '\0') {
            if (!read_worker(i + 1 < *argc ? argv[++i] : NULL, selection)) {
                return false;
            }
        } else if (rest && *rest == '=') {
            if (!read_worker(rest + 1, selection)) {
                return false;
            }
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return true;
}

/* Asks workers [first, end) at the same time; whether all are well. */
static bool ask_workers(const char *listen, unsigned first, unsigned end) {
    struct ask asks[PLACES_MAX];
    char address[LISTENER_ADDRESS_SIZE];
    char fault[400] = "";
    int64_t until_ms = clock_ms() + WITHIN_MS;
    for (unsigned i = first; i < end; i++) {
        asks[i] = listener_address(listen, i, address)
                      ? ask_begin(address, until_ms)
                      : (struct ask){.descriptor = -1, .reason = ENAMETOOLONG};
    }
    unsigned well = 0;
    for (unsigned i = first; i < end; i++) {
        struct ask_response response;
        char error[128] = "";
        bool ok = ask_end(&asks[i], "GET", "/healthz", &response, error, sizeof error);
        if (ok && response.status == OK) {
            well++;
        } else if (!*fault) {
            if (ok) {
                snprintf(error, sizeof error, "status %d", response.status);
            }
            const char *where = listener_address(listen, i, address) ? address : listen;
            snprintf(fault, sizeof fault, "worker %u (%s): %s", i, where, error);
        }
    }
    if (*fault) {
        fprintf(stderr, "atelier-qa: %u of %u workers respond; %s\n", well, end - first, fault);
        return false;
    }
    printf("%u of %u workers respond\n", well, end - first);
    return true;
}

int health_command(int argc, char **argv) {
    struct config config;
    struct selection selection = {0};
    char error[512];
    int status;
    if (!take_selection(&argc, argv, &selection)) {
        return STATUS_USAGE;
    }
    if (!command_load(&config, argc, argv, &status)) {
        return status;
    }
    unsigned first = selection.is_one ? selection.worker : 0;
    unsigned end = selection.is_one ? selection.worker + 1 : config.workers;
    if (end > config.workers) {
        fprintf(stderr, "atelier-qa: there is no worker %u: QA_WORKERS is %u\n", first,
                config.workers);
        status = STATUS_USAGE;
    } else if (!listener_check(config.listen, config.workers, error, sizeof error)) {
        fprintf(stderr, "atelier-qa: %s\n", error);
        status = STATUS_USAGE;
    } else {
        status = ask_workers(config.listen, first, end) ? STATUS_OK : STATUS_FAILED;
    }
    config_free(&config);
    return status;
}

/* Where the PostgreSQL server is: a connection string, its host names resolved without blocking. */
#include "db/server_address.h"

#include "ops/memory.h"
#include "ops/timer.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is added to the connection string's own parameters, before the terminating NULL. */
enum { ADDED_PARAMETERS = 5 };

struct server_address {
    struct event_base *base;
    struct evdns_base *dns; /* made when the first name has to be resolved */
    PQconninfoOption *options;
    size_t option_count;
    const char *hostaddr;
    const char *session; /* target_session_attrs to be added; NULL: none */
    char *hosts;         /* owned; the comma-separated lists of the connection string */
    char *ports;
};

struct resolution {
    struct server_address *address;
    resolution_on_done *on_done;
    void *owner;
    struct timer start;
    struct evdns_getaddrinfo_request *request; /* of the host at `next` */
    char *name;                                /* of that host, owned */
    size_t next;                               /* index of the host that comes next */
    char *hosts, *hostaddrs, *ports;           /* lists so far, owned; NULL when empty */
};

static const char *option_value(const struct server_address *address, const char *keyword,
                                const char *variable) {
    for (const PQconninfoOption *option = address->options; option->keyword; option++) {
        if (strcmp(option->keyword, keyword) == 0 && option->val && *option->val) {
            return option->val;
        }
    }
    const char *value = getenv(variable);
    return value ? value : "";
}

/* Element `index` of a comma-separated list, as a new string; NULL past the end. A list of one
 * element stands for every index, as in libpq's `port`, when `repeat`. */
static char *list_element(const char *list, size_t index, bool repeat) {
    if (repeat && !strchr(list, ',')) {
        return strdup(list);
    }
    while (index > 0 && (list = strchr(list, ','))) {
        list++;
        index--;
    }
    return list ? strndup(list, strcspn(list, ",")) : NULL;
}

static bool append_element(char **list, const char *element) {
    char *longer = NULL;
    int length =
        *list ? asprintf(&longer, "%s,%s", *list, element) : asprintf(&longer, "%s", element);
    if (length < 0) {
        return false;
    }
    free(*list);
    *list = longer;
    return true;
}

struct server_address *server_address_new(struct event_base *base, const char *database_url,
                                          char *error, size_t error_size) {
    struct server_address *address = calloc(1, sizeof *address);
    if (!address) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    address->base = base;
    char *message = NULL;
    address->options = PQconninfoParse(database_url, &message);
    if (!address->options) {
        /* libpq's message quotes a part of the string, which may hold the password. */
        snprintf(error, error_size, "DATABASE_URL is not a libpq connection string or URI");
        PQfreemem(message);
        free(address);
        return NULL;
    }
    while (address->options[address->option_count].keyword) {
        address->option_count++;
    }
    address->hostaddr = option_value(address, "hostaddr", "PGHOSTADDR");
    address->hosts = strdup(option_value(address, "host", "PGHOST"));
    address->ports = strdup(option_value(address, "port", "PGPORT"));
    if (!address->hosts || !address->ports) {
        snprintf(error, error_size, "out of memory");
        server_address_free(address);
        return NULL;
    }
    bool several = strchr(address->hosts, ',') || strchr(address->hostaddr, ',');
    if (several && !*option_value(address, "target_session_attrs", "PGTARGETSESSIONATTRS")) {
        address->session = "read-write";
    }
    return address;
}

bool server_address_check(const char *database_url, char *error, size_t error_size) {
    struct server_address *address = server_address_new(NULL, database_url, error, error_size);
    if (address) {
        server_address_free(address);
    }
    return address != NULL;
}

void server_address_free(struct server_address *address) {
    if (address->dns) {
        evdns_base_free(address->dns, 0);
    }
    PQconninfoFree(address->options);
    free(address->hosts);
    free(address->ports);
    free(address);
}

static bool is_name(const char *host) {
    unsigned char binary[sizeof(struct in6_addr)];
    return *host && *host != '/' && *host != '@' && inet_pton(AF_INET, host, binary) != 1 &&
           inet_pton(AF_INET6, host, binary) != 1;
}

static void resolution_free(struct resolution *resolution) {
    timer_stop(&resolution->start);
    free(resolution->name);
    free(resolution->hosts);
    free(resolution->hostaddrs);
    free(resolution->ports);
    free(resolution);
}

static void finish(struct resolution *resolution, const char *unresolved) {
    struct server_address *address = resolution->address;
    if (unresolved) {
        resolution->on_done(resolution->owner, NULL, NULL, unresolved);
        resolution_free(resolution);
        return;
    }
    const char *keywords[address->option_count + ADDED_PARAMETERS + 1];
    const char *values[address->option_count + ADDED_PARAMETERS + 1];
    size_t count = 0;
    for (size_t i = 0; i < address->option_count; i++) {
        if (address->options[i].val) {
            keywords[count] = address->options[i].keyword;
            values[count++] = address->options[i].val;
        }
    }
    /* Of a keyword that occurs twice libpq takes the later one. */
    const char *const added[ADDED_PARAMETERS][2] = {
        {"host", resolution->hosts},
        {"hostaddr", resolution->hostaddrs},
        {"port", resolution->ports},
        {"target_session_attrs", address->session},
        {"fallback_application_name", "atelier-qa"},
    };
    for (size_t i = 0; i < ADDED_PARAMETERS; i++) {
        if (added[i][1]) {
            keywords[count] = added[i][0];
            values[count++] = added[i][1];
        }
    }
    keywords[count] = values[count] = NULL;
    resolution->on_done(resolution->owner, keywords, values, NULL);
    resolution_free(resolution);
}

static bool append_server(struct resolution *resolution, const char *host, const char *hostaddr) {
    char *port = list_element(resolution->address->ports, resolution->next, true);
    bool ok = port && append_element(&resolution->hosts, host) &&
              append_element(&resolution->hostaddrs, hostaddr) &&
              append_element(&resolution->ports, port);
    free(port);
    return ok;
}

static void resolve_next(struct resolution *resolution);

static void on_addresses(int result, struct evutil_addrinfo *addresses, void *argument) {
    struct resolution *resolution = argument;
    resolution->request = NULL;
    if (result == EVUTIL_EAI_CANCEL) {
        resolution_free(resolution);
        return;
    }
    bool found = false;
    for (const struct evutil_addrinfo *one = addresses; one; one = one->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *binary = NULL;
        if (one->ai_family == AF_INET) {
            binary = &((const struct sockaddr_in *)(const void *)one->ai_addr)->sin_addr;
        } else if (one->ai_family == AF_INET6) {
            binary = &((const struct sockaddr_in6 *)(const void *)one->ai_addr)->sin6_addr;
        }
        if (binary && inet_ntop(one->ai_family, binary, text, sizeof text)) {
            found = append_server(resolution, resolution->name, text) || found;
        }
    }
    if (addresses) {
        evutil_freeaddrinfo(addresses);
    }
    if (!found) {
        finish(resolution, resolution->name);
        return;
    }
    resolution->next++;
    resolve_next(resolution);
}

static void resolve_next(struct resolution *resolution) {
    struct server_address *address = resolution->address;
    /* Without a host, or with addresses beside them, libpq has nothing to look up. */
    if (!*address->hosts || *address->hostaddr) {
        finish(resolution, NULL);
        return;
    }
    for (;; resolution->next++) {
        free(resolution->name);
        resolution->name = list_element(address->hosts, resolution->next, false);
        if (!resolution->name) {
            finish(resolution, NULL);
            return;
        }
        if (is_name(resolution->name)) {
            break;
        }
        if (!append_server(resolution, resolution->name, "")) {
            finish(resolution, resolution->name);
            return;
        }
    }
    if (!address->dns) {
        address->dns = evdns_base_new(address->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (!address->dns) {
            finish(resolution, resolution->name);
            return;
        }
        /* Without a nameserver there still is /etc/hosts, which this reads too. */
        (void)evdns_base_resolv_conf_parse(address->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    }
    const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    /* When this returns NULL, on_addresses has been called and the resolution may be gone. */
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(address->dns, resolution->name, NULL, &hints, on_addresses, resolution);
    if (request) {
        resolution->request = request;
    }
}

static void on_start(void *owner) {
    resolve_next(owner);
}

struct resolution *server_address_resolve(struct server_address *address,
                                          resolution_on_done *on_done, void *owner) {
    struct resolution *resolution = memory_allocate(sizeof *resolution);
    *resolution = (struct resolution){.address = address, .on_done = on_done, .owner = owner};
    timer_init(&resolution->start, address->base, on_start, resolution);
    timer_start_now(&resolution->start);
    return resolution;
}

void resolution_cancel(struct resolution *resolution) {
    if (resolution->request) {
        /* libevent tells on_addresses, which releases the resolution. */
        evdns_getaddrinfo_cancel(resolution->request);
    } else {
        resolution_free(resolution);
    }
}

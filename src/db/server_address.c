/* Where the PostgreSQL server is: a connection string, taken apart into hosts. */
#include "db/server_address.h"

#include "ops/memory.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is added to the connection string's own parameters, before the terminating NULL. */
enum { ADDED_PARAMETERS = 6 };

/* Texts are owned; NULL: the connection string's own value holds. */
struct host {
    char *name;
    char *address;
    char *port;
};

struct server_address {
    PQconninfoOption *options;
    size_t option_count;
    bool has_attributes; /* target_session_attrs is given */
    bool seeks_standbys;
    struct host *hosts;
    size_t host_count;
    bool has_preferred, has_avoided;
    struct endpoint preferred, avoided;
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

/* The elements of a comma-separated list; an empty one has none. */
static size_t count_elements(const char *list) {
    size_t count = *list ? 1 : 0;
    while ((list = strchr(list, ','))) {
        list++;
        count++;
    }
    return count;
}

/* Element `index` of a list, as a new string; of a list of one element always that. */
static char *list_element(const char *list, size_t index) {
    if (strchr(list, ',')) {
        while (index-- > 0) {
            list = strchr(list, ',') + 1;
        }
    }
    char *element = memory_strdup(list);
    element[strcspn(element, ",")] = '\0';
    return element;
}

/* Where the lists do not match, libpq is given them as they are, and says so. */
static void split(struct server_address *address) {
    const char *names = option_value(address, "host", "PGHOST");
    const char *addresses = option_value(address, "hostaddr", "PGHOSTADDR");
    const char *ports = option_value(address, "port", "PGPORT");
    size_t name_count = count_elements(names), address_count = count_elements(addresses);
    size_t port_count = count_elements(ports);
    size_t count = address_count > 0 ? address_count : name_count;
    bool match = (address_count == 0 || name_count == 0 || address_count == name_count) &&
                 (port_count <= 1 || port_count == count);
    address->host_count = match && count > 0 ? count : 1;
    address->hosts = memory_calloc(address->host_count, sizeof *address->hosts);
    for (size_t i = 0; match && i < count; i++) {
        address->hosts[i] = (struct host){
            .name = name_count > 0 ? list_element(names, i) : NULL,
            .address = address_count > 0 ? list_element(addresses, i) : NULL,
            .port = port_count > 0 ? list_element(ports, i) : NULL,
        };
    }
}

struct server_address *server_address_new(const char *database_url, char *error,
                                          size_t error_size) {
    struct server_address *address = memory_calloc(1, sizeof *address);
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
    address->has_attributes =
        *option_value(address, "target_session_attrs", "PGTARGETSESSIONATTRS") != '\0';
    split(address);
    return address;
}

void server_address_seek_standbys(struct server_address *address) {
    address->seeks_standbys = true;
}

bool server_address_check(const char *database_url, char *error, size_t error_size) {
    struct server_address *address = server_address_new(database_url, error, error_size);
    if (address) {
        server_address_free(address);
    }
    return address != NULL;
}

void server_address_free(struct server_address *address) {
    for (size_t i = 0; i < address->host_count; i++) {
        free(address->hosts[i].name);
        free(address->hosts[i].address);
        free(address->hosts[i].port);
    }
    free(address->hosts);
    PQconninfoFree(address->options);
    free(address);
}

size_t server_address_host_count(const struct server_address *address) {
    return address->host_count;
}

bool server_address_seeks_primary(const struct server_address *address) {
    const char *attributes = option_value(address, "target_session_attrs", "PGTARGETSESSIONATTRS");
    return address->host_count > 1 && (!*attributes || strcmp(attributes, "read-write") == 0 ||
                                       strcmp(attributes, "primary") == 0);
}

static bool is_name(const char *host) {
    unsigned char binary[sizeof(struct in6_addr)];
    return *host && *host != '/' && *host != '@' && inet_pton(AF_INET, host, binary) != 1 &&
           inet_pton(AF_INET6, host, binary) != 1;
}

const char *server_address_name(const struct server_address *address, size_t host) {
    const struct host *one = &address->hosts[host];
    bool has_address = one->address && *one->address;
    return one->name && !has_address && is_name(one->name) ? one->name : NULL;
}

const char *server_address_host(const struct server_address *address,
                                const struct endpoint *endpoint) {
    const struct host *host = &address->hosts[endpoint->host];
    if (endpoint->is_one_of_several || address->host_count == 1) {
        return endpoint->is_one_of_several ? endpoint->address : NULL;
    }
    return host->address && *host->address ? host->address : host->name;
}

/* target_session_attrs to be added; NULL: none. */
static const char *attributes(const struct server_address *address,
                              const struct endpoint *endpoint) {
    if (address->has_attributes) {
        return NULL;
    }
    if (address->seeks_standbys) {
        return "standby";
    }
    if (address->host_count > 1) {
        return "read-write";
    }
    /* Where nobody has named several servers, one that is read-only is meant as well. */
    return endpoint->is_one_of_several ? "primary" : NULL;
}

PGconn *server_address_connect(const struct server_address *address,
                               const struct endpoint *endpoint, const char *application) {
    const struct host *host = &address->hosts[endpoint->host];
    const char *keywords[address->option_count + ADDED_PARAMETERS + 1];
    const char *values[address->option_count + ADDED_PARAMETERS + 1];
    size_t count = 0;
    for (size_t i = 0; i < address->option_count; i++) {
        if (address->options[i].val) {
            keywords[count] = address->options[i].keyword;
            values[count++] = address->options[i].val;
        }
    }
    bool is_default = address->host_count > 1 && host->name && !*host->name && !host->address;
    /* Of a keyword that occurs twice libpq takes the later one. An empty host would be taken from
     * PGHOST, two of them are the default one. */
    const char *const added[ADDED_PARAMETERS][2] = {
        {"host", is_default ? "," : host->name},
        {"hostaddr", *endpoint->address ? endpoint->address : host->address},
        {"port", host->port},
        {"target_session_attrs", attributes(address, endpoint)},
        {"client_encoding", "UTF8"},
        {"fallback_application_name", application},
    };
    for (size_t i = 0; i < ADDED_PARAMETERS; i++) {
        if (added[i][1]) {
            keywords[count] = added[i][0];
            values[count++] = added[i][1];
        }
    }
    keywords[count] = values[count] = NULL;
    PGconn *session = PQconnectStartParams(keywords, values, 0);
    memory_demand(session != NULL);
    return session;
}

static bool is_same(const struct endpoint *one, const struct endpoint *other) {
    return one->host == other->host && strcmp(one->address, other->address) == 0;
}

void server_address_prefer(struct server_address *address, const struct endpoint *endpoint) {
    address->preferred = *endpoint;
    address->has_preferred = true;
    address->has_avoided = address->has_avoided && !is_same(&address->avoided, endpoint);
}

void server_address_avoid(struct server_address *address, const struct endpoint *endpoint) {
    address->avoided = *endpoint;
    address->has_avoided = true;
    address->has_preferred = address->has_preferred && !is_same(&address->preferred, endpoint);
}

enum endpoint_rank server_address_rank(const struct server_address *address,
                                       const struct endpoint *endpoint) {
    if (address->has_avoided && is_same(&address->avoided, endpoint)) {
        return ENDPOINT_AVOIDED;
    }
    bool is_preferred = address->has_preferred && is_same(&address->preferred, endpoint);
    return is_preferred ? ENDPOINT_PREFERRED : ENDPOINT_USUAL;
}

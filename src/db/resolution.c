/* Host names looked up without blocking. */
#include "db/resolution.h"

#include "ops/memory.h"
#include "ops/timer.h"

#include <arpa/inet.h>
#include <stdlib.h>

struct resolution {
    struct resolver *resolver;
    char *name; /* owned */
    resolution_on_done *on_done;
    void *owner;
    struct timer start;
    struct evdns_getaddrinfo_request *request;
};

static void release(struct resolution *resolution) {
    timer_stop(&resolution->start);
    free(resolution->name);
    free(resolution);
}

static void finish(struct resolution *resolution, char (*addresses)[RESOLUTION_ADDRESS_SIZE],
                   size_t count) {
    resolution->on_done(resolution->owner, addresses, count);
    release(resolution);
}

static bool put_address(const struct evutil_addrinfo *one, char text[RESOLUTION_ADDRESS_SIZE]) {
    const void *binary = NULL;
    if (one->ai_family == AF_INET) {
        binary = &((const struct sockaddr_in *)(const void *)one->ai_addr)->sin_addr;
    } else if (one->ai_family == AF_INET6) {
        binary = &((const struct sockaddr_in6 *)(const void *)one->ai_addr)->sin6_addr;
    }
    return binary && inet_ntop(one->ai_family, binary, text, RESOLUTION_ADDRESS_SIZE);
}

static void on_addresses(int result, struct evutil_addrinfo *found, void *argument) {
    struct resolution *resolution = argument;
    char addresses[RESOLUTION_ADDRESSES_MAX][RESOLUTION_ADDRESS_SIZE];
    size_t count = 0;
    resolution->request = NULL;
    if (result == EVUTIL_EAI_CANCEL) {
        release(resolution);
        return;
    }
    for (const struct evutil_addrinfo *one = found; one && count < RESOLUTION_ADDRESSES_MAX;
         one = one->ai_next) {
        count += put_address(one, addresses[count]);
    }
    if (found) {
        evutil_freeaddrinfo(found);
    }
    finish(resolution, addresses, count);
}

static bool has_dns(struct resolver *resolver) {
    if (!resolver->dns) {
        resolver->dns = evdns_base_new(resolver->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (resolver->dns) {
            /* Without a name server there still is /etc/hosts, which this reads too. */
            (void)evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
        }
    }
    return resolver->dns != NULL;
}

static void on_start(void *owner) {
    struct resolution *resolution = owner;
    if (!has_dns(resolution->resolver)) {
        finish(resolution, NULL, 0);
        return;
    }
    const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    /* When this returns NULL, on_addresses has been called and the resolution may be gone. */
    struct evdns_getaddrinfo_request *request = evdns_getaddrinfo(
        resolution->resolver->dns, resolution->name, NULL, &hints, on_addresses, resolution);
    if (request) {
        resolution->request = request;
    }
}

struct resolution *resolution_begin(struct resolver *resolver, const char *name,
                                    resolution_on_done *on_done, void *owner) {
    struct resolution *resolution = memory_allocate(sizeof *resolution);
    *resolution = (struct resolution){
        .resolver = resolver, .name = memory_strdup(name), .on_done = on_done, .owner = owner};
    timer_init(&resolution->start, resolver->base, on_start, resolution);
    timer_start_now(&resolution->start);
    return resolution;
}

void resolution_cancel(struct resolution *resolution) {
    if (resolution->request) {
        /* libevent tells on_addresses, which releases the resolution. */
        evdns_getaddrinfo_cancel(resolution->request);
    } else {
        release(resolution);
    }
}

void resolver_close(struct resolver *resolver) {
    if (resolver->dns) {
        evdns_base_free(resolver->dns, 0);
        resolver->dns = NULL;
    }
}

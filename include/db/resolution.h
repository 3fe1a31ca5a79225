/*
 * Host names looked up without blocking. libpq would do it with getaddrinfo(3), which blocks the
 * whole event loop; this is libevent's DNS client, which reads /etc/hosts and /etc/resolv.conf.
 */
#pragma once

#include <event2/dns.h>
#include <event2/event.h>
#include <stddef.h>

/* Kept in its owner's struct. */
struct resolver {
    struct event_base *base;
    struct evdns_base *dns; /* made for the first name */
};

enum { RESOLUTION_ADDRESSES_MAX = 16, RESOLUTION_ADDRESS_SIZE = 64 };

/* One look-up under way. */
struct resolution;

/* Told once: the addresses as text, at most RESOLUTION_ADDRESSES_MAX; none where the name has none.
 */
typedef void resolution_on_done(void *owner, char (*addresses)[RESOLUTION_ADDRESS_SIZE],
                                size_t count);

/* Starts to look up; on_done is told later, never before this returns. */
struct resolution *resolution_begin(struct resolver *resolver, const char *name,
                                    resolution_on_done *on_done, void *owner);

/* Ends one that has not told on_done; it will not. It may be released only in the event loop's next
 * turn. */
void resolution_cancel(struct resolution *resolution);

/* After all look-ups. */
void resolver_close(struct resolver *resolver);

/*
 * What the supervisor publishes of the service for the admin process: its children, the state that
 * it is in, and the last events.
 */
#pragma once

#include "process/children.h"
#include "process/overview.h"

struct publisher {
    struct overview *overview; /* shared */
    int descriptor;
    struct service_view view; /* the next to be published */
};

/* `publisher` is all zeros. False with errno set. */
__attribute__((warn_unused_result)) bool publisher_init(struct publisher *publisher);

/* An event, which the next publisher_show() publishes. */
void publisher_note_exit(struct publisher *publisher, const struct child_exit *dead);
void publisher_note_reload(struct publisher *publisher, bool succeeded, unsigned generation);

/* Publishes all that has been noted, and what the children are doing now. */
void publisher_show(struct publisher *publisher, const struct children *children);

/* The ends of child processes: which of them are deaths, and who is told of one. */
#pragma once

#include "process/service.h"

/* Whether a process has ended otherwise than it was told to. In a stop everybody was: a service
 * manager sends SIGTERM to all processes, and some end before the supervisor has told them. */
bool death_is_one(const struct child_exit *end, bool is_stopping);

/* Log, metrics and the status page tell of it. */
void death_tell(struct service *service, const struct child_exit *dead);

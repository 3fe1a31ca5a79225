/* Who decides: the name that goes into the log of moderation. */
#pragma once

#include <stdbool.h>

enum { ACTOR_SIZE = 256 };

/* Whether it can be the name of somebody who decides. */
bool actor_is_name(const char *given);

/* The name that was given, or that of the user who is logged in: the one who has called sudo, where
 * that was so. */
void actor_name(const char *given, char name[ACTOR_SIZE]);

/* Who decides. */
#include "cli/actor.h"

#include "rules/limits.h"
#include "rules/text.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool actor_is_name(const char *given) {
    size_t length = strlen(given);
    return text_is_utf8(given, length) && text_is_filled(given, length, NAME_CHARACTERS_MAX);
}

static const char *name_of_user(void) {
    const char *caller = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    const struct passwd *user = caller ? NULL : getpwuid(getuid());
    const char *name = user ? user->pw_name : caller;
    return name && actor_is_name(name) ? name : NULL;
}

void actor_name(const char *given, char name[ACTOR_SIZE]) {
    const char *chosen = given ? given : name_of_user();
    if (chosen) {
        snprintf(name, ACTOR_SIZE, "%s", chosen);
    } else {
        snprintf(name, ACTOR_SIZE, "user %lu", (unsigned long)getuid());
    }
}

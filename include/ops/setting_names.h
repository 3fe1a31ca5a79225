/* The names of all settings, those of the program and those of deploy/; the list is
 * deploy/settings.txt. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether a name is, as it looks, meant for us: QA_ in any case. */
bool setting_name_is_ours(const char *name);

/* Whether the first `length` characters of `name` are the name of a setting, or an old one. */
bool setting_name_is_known(const char *name, size_t length);

/* The old name of a setting, which still works; NULL = none. */
const char *setting_name_old(const char *name);

/* The setting whose name is most like this one, NULL where none is like it: of a name that begins
 * with QA_ half of the letters must be found again, of another, which may well be somebody else's,
 * all but two. */
const char *setting_name_nearest(const char *name);

/* All names, for who wants to go through them; NULL ends them. */
extern const char *const setting_names[];

/* The names of all settings, and which of them somebody may have meant. */
#include "ops/setting_names.h"

#include "ops/words.h"

#include <string.h>
#include <strings.h>

const char *const setting_names[] = {
#include "setting_names_list.h"
    NULL,
};

static const struct {
    const char *old, *now;
} old_names[] = {
#include "old_setting_names_list.h"
};

enum { PREFIX_LENGTH = 3, NAME_MAX_LENGTH = 60 };

bool setting_name_is_ours(const char *name) {
    return strncasecmp(name, "QA_", PREFIX_LENGTH) == 0;
}

static bool is_same(const char *name, size_t length, const char *known) {
    return strncmp(name, known, length) == 0 && known[length] == '\0';
}

bool setting_name_is_known(const char *name, size_t length) {
    if (words_find(setting_names, name, length) >= 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof old_names / sizeof *old_names; i++) {
        if (is_same(name, length, old_names[i].old)) {
            return true;
        }
    }
    return false;
}

const char *setting_name_old(const char *name) {
    for (size_t i = 0; i < sizeof old_names / sizeof *old_names; i++) {
        if (strcmp(name, old_names[i].now) == 0) {
            return old_names[i].old;
        }
    }
    return NULL;
}

static bool same_letter(char one, char other) {
    return strncasecmp(&one, &other, 1) == 0;
}

/* How many letters must be put in or left out to make one name of the other. Short forms, such as
 * MB for MEGABYTES, are nearer so than where a letter could be exchanged at the same price. */
static size_t distance(const char *one, const char *other) {
    size_t length = strlen(other);
    size_t row[NAME_MAX_LENGTH + 1];
    if (length > NAME_MAX_LENGTH) {
        return (size_t)-1;
    }
    for (size_t i = 0; i <= length; i++) {
        row[i] = i;
    }
    for (; *one; one++) {
        size_t diagonal = row[0]++;
        for (size_t i = 1; i <= length; i++) {
            size_t above = row[i];
            size_t shorter = above < row[i - 1] ? above : row[i - 1];
            row[i] = same_letter(*one, other[i - 1]) ? diagonal : shorter + 1;
            diagonal = above;
        }
    }
    return row[length];
}

/* The nearest name at a distance that `limit` allows for the number of letters of both. */
static const char *nearest_within(const char *name, size_t (*limit)(size_t letters)) {
    const char *nearest = NULL;
    size_t least = 0;
    const char *rest = setting_name_is_ours(name) ? name + PREFIX_LENGTH : name;
    for (const char *const *known = setting_names; *known; known++) {
        const char *known_rest = setting_name_is_ours(*known) ? *known + PREFIX_LENGTH : *known;
        size_t far = distance(rest, known_rest);
        if (far <= limit(strlen(rest) + strlen(known_rest)) && (!nearest || far < least)) {
            nearest = *known;
            least = far;
        }
    }
    return nearest;
}

static size_t half(size_t letters) {
    return letters / 2;
}

static size_t two(size_t letters) {
    (void)letters;
    return 2;
}

const char *setting_name_nearest(const char *name) {
    return nearest_within(name, setting_name_is_ours(name) ? half : two);
}

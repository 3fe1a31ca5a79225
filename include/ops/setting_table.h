/* The settings of the program: their names, where struct config has them, and what they may be. */
#pragma once

#include "ops/config.h"

enum setting_type {
    SETTING_TEXT,   /* char * */
    SETTING_SECRET, /* likewise; without a flag, never printed, and VARIABLE_FILE may name a file */
    SETTING_UNSIGNED,
    SETTING_SIZE,
    SETTING_INT64
};

struct setting {
    const char *variable; /* NULL ends the table */
    const char *flag;     /* without the dashes; NULL = none */
    enum setting_type type;
    size_t offset;        /* in struct config */
    const char *fallback; /* NULL = the number of processors */
    int64_t least, most;  /* of a number */
    const char *unit;     /* shown in the help */
    const char *help;
};

extern const struct setting setting_table[];

static inline bool setting_is_number(const struct setting *setting) {
    return setting->type != SETTING_TEXT && setting->type != SETTING_SECRET;
}

/* The value in a struct config, of a text and of a number. */
const char *setting_text(const struct config *config, const struct setting *setting);
int64_t setting_number(const struct config *config, const struct setting *setting);

/* `text` is given away, and the text before is released. A number is in range. */
void setting_set_text(struct config *config, const struct setting *setting, char *text);
void setting_set_number(struct config *config, const struct setting *setting, int64_t number);

/*
 * What was given for each setting: by a flag, by the environment, or by the file that QA_ENV_FILE
 * names, in this order of precedence. What a value may be is not looked at here.
 */
#pragma once

#include "ops/env_file.h"
#include "ops/setting_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct given {
    FILE *remarks; /* gets a line for each name that is unknown or old, each value without effect */
    /* For each setting its text, NULL where nothing was given; of argv, the environment or files.
     */
    const char *text[SETTING_COUNT];
    enum setting_origin origin[SETTING_COUNT];
    struct env_line *lines; /* of QA_ENV_FILE */
    size_t line_count;
    struct file *files;
};

/*
 * Reads what was given; `remarks` is the caller's, the rest zero. False with one
 * line in `error`; given_free() is needed in every case. `*help` is set at --help or -h, which ends
 * it.
 */
__attribute__((warn_unused_result)) bool given_read(struct given *given, int argc, char **argv,
                                                    bool *help, char *error, size_t size);

/* What the environment, or else QA_ENV_FILE, says of a name that is no setting of the program;
 * NULL: nothing. */
const char *given_elsewhere(const struct given *given, const char *name);

void given_free(struct given *given);

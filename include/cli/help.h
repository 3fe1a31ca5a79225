/*
 * The manual of each command, and of the program: the files of src/cli/help/, embedded at build
 * time. scripts/make-manual.sh makes the manual pages of what is printed here.
 *
 * The first line of a file is what the command is for, in the words of a list. The rest is printed
 * as it is, but for a line that is @commands@, the list of all commands, or @settings@.
 */
#pragma once

#include <stdbool.h>

/* Prints the manual of a command, or of "atelier-qa" itself. False where there is none. */
bool help_print(const char *name);

/* Whether an argument asks for it. */
bool help_is_asked(const char *argument);

/* One file: its name without `.txt`, and its text. */
struct embedded_help {
    const char *name;
    const char *text;
};

/* In order of names; the last element has none. Made by scripts/embed-help.sh. */
extern const struct embedded_help embedded_help[];

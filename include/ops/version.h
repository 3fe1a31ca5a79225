/* The program's version (semantic versioning), from the file VERSION, and, where the program was
 * built in a checkout, "revision ID" of its commit, with -dirty where files differ from it. */
#pragma once

extern const char version_number[];
extern const char version_revision[]; /* "" = not known */

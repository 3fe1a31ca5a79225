/* Lists of words, which end with NULL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The place of a word, from 0; -1: it is none of them. */
int words_find(const char *const *words, const char *text, size_t length);

bool words_have(const char *const *words, const char *text);

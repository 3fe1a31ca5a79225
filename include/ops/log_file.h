/*
 * The file that the log goes to: the standard error of this process from log_file_open() on.
 *
 * Before each line the process looks whether the file's name still leads to the file that is open.
 * Where somebody has moved or removed it, it makes a new one. So rotation needs no signal and loses
 * no line. A file that cannot be made is tried again before the next line, which goes where the
 * one before went.
 */
#pragma once

#include <stdbool.h>

/* Opens it, to append. The path is copied; "" leaves standard error as it is. False with errno, and
 * standard error is as it was. */
__attribute__((warn_unused_result)) bool log_file_open(const char *path);

/* Makes a new file where the old one was moved. */
void log_file_follow(void);

/* The files of the status page, which scripts/embed-files.sh makes a part of the program. */
#pragma once

#include <stddef.h>

struct page_file {
    const unsigned char *bytes;
    size_t length;
};

extern const struct page_file page_file_html;
extern const struct page_file page_file_css;
extern const struct page_file page_file_js;

/* The files of the pages for people, which scripts/embed-files.sh makes a part of the program. */
#pragma once

#include <stddef.h>

struct page_file {
    const unsigned char *bytes;
    size_t length;
};

extern const struct page_file page_file_status_html;
extern const struct page_file page_file_status_css;
extern const struct page_file page_file_status_js;
extern const struct page_file page_file_moderation_html;
extern const struct page_file page_file_moderation_css;
extern const struct page_file page_file_moderation_js;

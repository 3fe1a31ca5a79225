/* The page for people. */
#include "admin/page.h"

#include "admin/page_files.h"
#include "admin/respond.h"

static void show(struct http_request *request, const char *type, const struct page_file *file) {
    respond_bytes(request, type, file->bytes, file->length);
}

void page_show(struct http_request *request) {
    show(request, "text/html; charset=utf-8", &page_file_status_html);
}

void page_show_style(struct http_request *request) {
    show(request, "text/css; charset=utf-8", &page_file_status_css);
}

void page_show_script(struct http_request *request) {
    show(request, "text/javascript; charset=utf-8", &page_file_status_js);
}

void page_lead_to_status(struct http_request *request) {
    respond_elsewhere(request, "/status");
}

/* The table of routes of the admin process. */
#include "admin/routes.h"

#include "admin/desk.h"
#include "admin/metrics_page.h"
#include "admin/page.h"
#include "admin/pauses.h"
#include "admin/probes.h"
#include "admin/settings.h"
#include "admin/status.h"

#include <stddef.h>

const struct http_route admin_routes[] = {
    {HTTP_GET, "/", page_lead_to_status, NULL},
    {HTTP_GET, "/live", admin_show_liveness, NULL},
    {HTTP_GET, "/ready", admin_show_readiness, NULL},
    {HTTP_GET, "/config", admin_show_settings, NULL},
    {HTTP_GET, "/metrics", metrics_page_show, NULL},
    {HTTP_GET, "/pause", pauses_show, NULL},
    {HTTP_POST, "/pause", pauses_begin, NULL},
    {HTTP_POST, "/resume", pauses_end, NULL},
    {HTTP_GET, "/status.json", status_show_json, NULL},
    {HTTP_GET, "/status.txt", status_show_text, NULL},
    {HTTP_GET, "/status", page_show, NULL},
    {HTTP_GET, "/status.css", page_show_style, NULL},
    {HTTP_GET, "/status.js", page_show_script, NULL},
    {HTTP_GET, "/moderation", desk_show_page, NULL},
    {HTTP_GET, "/moderation.css", desk_show_style, NULL},
    {HTTP_GET, "/moderation.js", desk_show_script, NULL},
    {HTTP_GET, "/moderation/items", desk_list, NULL},
    {HTTP_GET, "/moderation/item", desk_show, NULL},
    {HTTP_GET, "/moderation/log", desk_show_log, NULL},
    {HTTP_GET, "/moderation/products", desk_show_products, NULL},
    {HTTP_POST, "/moderation/decisions", desk_decide, NULL},
    {0, NULL, NULL, NULL},
};

const struct http_header admin_headers[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {NULL, NULL},
};

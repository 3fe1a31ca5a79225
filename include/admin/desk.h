/*
 * The desk: where moderators work, in a browser. Paths below /moderation, which are there while
 * QA_MODERATION_TOKENS has a token.
 *
 * The page itself, its style and its script are for everybody who reaches the listener; what is in
 * the database needs a token, in the header Authorization. No browser sends that by itself, so no
 * page of another site can decide anything in a moderator's name.
 */
#pragma once

#include "db/errand.h"
#include "http/request.h"
#include "ops/log.h"

struct commit_wait;
struct moderators;

struct desk {
    const struct logger *logger;
    struct errands *errands;
    struct moderators *moderators;
    struct commit_wait *commit_wait; /* of the responses to decisions */
    /* Invalidates the pages of a product and of a question, 0: none; without a product all pages.
     */
    void (*invalidate)(void *owner, int64_t product, int64_t question);
    void *owner;
};

/* GET /moderation, and what it loads. */
void desk_show_page(struct http_request *request);
void desk_show_style(struct http_request *request);
void desk_show_script(struct http_request *request);

/* GET /moderation/items: as sql/moderation/list.sql; show, q, kind, reason, product_id, page,
 * count. */
void desk_list(struct http_request *request);

/* GET /moderation/item?item=questions/37: as sql/moderation/show.sql. */
void desk_show(struct http_request *request);

/* GET /moderation/log: as sql/moderation/log.sql; page, count. */
void desk_show_log(struct http_request *request);

/* GET /moderation/products: the held ones, as sql/moderation/held.sql; page, count. */
void desk_show_products(struct http_request *request);

/*
 * POST /moderation/decisions: `{"item": "questions/37", "action": "hide"}`, perhaps with a `note`;
 * or to undo, with the `entry` of the log that is meant; or `{"item": "products/5", "action":
 * "hold"}`. 200 with the new entry, null where all was as wanted, and the item.
 */
void desk_decide(struct http_request *request);

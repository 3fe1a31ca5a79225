/* What `atelier-qa moderate` prints for people, of the JSON that PostgreSQL has made
 * (sql/moderation). */
#pragma once

#include <jansson.h>
#include <stdbool.h>

void moderation_text_list(const json_t *found);
void moderation_text_item(const json_t *shown);
void moderation_text_log(const json_t *found);
void moderation_text_held(const json_t *held);

/* One line. */
void moderation_text_decided(const json_t *item, const char *action, bool has_changed);
void moderation_text_hold(const json_t *decided);

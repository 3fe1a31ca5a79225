/*
 * From a request to its page, as src/pages/lookup.c and src/pages/kept_page.c do it for a worker.
 *
 * It has copied all that it needs of the shared memory when it returns, so that may be unmapped
 * between any two events.
 */
#include "handler.h"

#include "configuration.h"
#include "response.h"

#include "http/accept_encoding.h"
#include "http/entity_tag.h"
#include "ops/clock.h"
#include "qa/list_links.h"
#include "qa/list_request.h"

enum {
    COPY_MAX_BYTES = 128 * 1024, /* more holds up other requests: a worker sends it */
    TARGET_MAX_BYTES = 1024
};

/* Of a repeated header a worker gets what NGINX makes of it: the first one, as here, or all. */
static bool is_repeated(const ngx_table_elt_t *header) {
#if nginx_version >= 1023000
    return header && header->next;
#else
    (void)header;
    return false;
#endif
}

/* Whether it says what it prefers: that is for a worker to read. */
static bool prefers(const ngx_http_request_t *request) {
    static const ngx_str_t name = ngx_string("prefer");
    const ngx_list_part_t *part = &request->headers_in.headers.part;
    for (; part; part = part->next) {
        const ngx_table_elt_t *headers = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (headers[i].key.len == name.len &&
                ngx_memcmp(headers[i].lowcase_key, name.data, name.len) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Whether it may ask for a page. One with a body, or the length of one, is for a worker. */
static bool may_ask(const ngx_http_request_t *request) {
    return request->method & (NGX_HTTP_GET | NGX_HTTP_HEAD) && request == request->main &&
           !request->internal && request->valid_unparsed_uri &&
           request->unparsed_uri.len <= TARGET_MAX_BYTES &&
           request->headers_in.content_length_n < 0 && !request->headers_in.chunked &&
           !is_repeated(request->headers_in.accept_encoding) &&
           !is_repeated(request->headers_in.if_none_match) && !prefers(request);
}

/* A target, and where it is decoded. */
struct taken_apart {
    struct http_target target;
    char buffer[TARGET_MAX_BYTES];
};

static bool read_key(const ngx_http_request_t *request, const struct qa_pages_memory *memory,
                     struct taken_apart *taken, struct page_key *key) {
    struct http_text text = {(const char *)request->unparsed_uri.data, request->unparsed_uri.len};
    http_target_parse(&taken->target, text, taken->buffer);
    struct list_request list =
        list_request_read(&taken->target, shared_memory_seed(&memory->shared));
    *key = list.key;
    return list.kind == LIST_REQUEST_PAGE;
}

static struct version note(const struct versions *versions, size_t slot) {
#ifdef QA_FAULT_NOTE_EARLY_IN_NGINX
    /* As another request may have noted it, some milliseconds before. */
    enum { COUNT = 1024, KEPT_MS = 8 };
    static struct {
        size_t slot;
        int64_t noted_ms;
        struct version version;
    } all[COUNT], *one;
    one = &all[slot % COUNT];
    if (one->slot == slot && clock_ms() - one->noted_ms <= KEPT_MS) {
        return one->version;
    }
    one->slot = slot;
    one->noted_ms = clock_ms();
    return one->version = versions_note(versions, slot);
#endif
    return versions_note(versions, slot);
}

/* Whether pages of the edition count now. */
static bool is_leased(uint64_t edition, int64_t until_us) {
#ifdef QA_FAULT_NO_LEASE
    return true; /* A deliberate fault, which tests/e2e/test_hosts.py must notice. */
#endif
    return !shared_memory_needs_lease(edition) || clock_us() < until_us;
}

/* The order matters; docs/architecture.md says why. */
static bool find(struct qa_pages_memory *memory, const struct page_key *key,
                 struct ring_page *page) {
    const struct versions *versions = shared_memory_versions(&memory->shared);
    int64_t leased_until_us = shared_memory_leased_until_us(&memory->shared);
    struct version version = note(versions, versions_slot(page_key_subject(key), key->id));
    int64_t now_ms = clock_ms();
    memory->ring.edition = shared_memory_edition(&memory->shared);
    return memory->ring.edition != 0 && shared_memory_is_vouched_for(&memory->shared, now_ms) &&
           is_leased(memory->ring.edition, leased_until_us) &&
           ring_find(&memory->ring, key, version, now_ms, page) &&
           qa_pages_memory_is_handed_out(memory);
}

static struct http_text text_of(const ngx_table_elt_t *header) {
    if (!header) {
        return (struct http_text){NULL, 0};
    }
    return (struct http_text){(const char *)header->value.data, header->value.len};
}

static bool matches_tag(const ngx_http_request_t *request, struct entity_hash hash) {
    struct http_text tags = text_of(request->headers_in.if_none_match);
    char tag[ENTITY_TAG_SIZE];
    if (tags.length == 0) {
        return false;
    }
    entity_tag_write(hash, tag);
    return entity_tag_matches(tags, tag);
}

/* The response that a worker would send. False when the page lacks the form. */
static bool choose(const ngx_http_request_t *request, const struct ring_page *page,
                   struct qa_pages_response *response) {
    bool wants_gzip = page->length[RING_PLAIN] >= ACCEPT_ENCODING_GZIP_FROM_BYTES &&
                      accept_encoding_has_gzip(text_of(request->headers_in.accept_encoding));
    bool is_gzipped_by_nginx = wants_gzip && page->gzip_is_no_shorter;
    enum ring_form form = wants_gzip && !is_gzipped_by_nginx ? RING_GZIP : RING_PLAIN;
    *response = (struct qa_pages_response){
        .hash = page->hash,
        .form = form,
        .length = page->length[form],
        .is_not_modified = matches_tag(request, page->hash),
        .length_may_change = is_gzipped_by_nginx,
    };
    return response->length > 0;
}

/* Adds the links to other pages. False when memory is out. */
static bool write_links(ngx_http_request_t *request, const struct http_target *target,
                        const struct page_key *key, const struct ring_page *page,
                        struct qa_pages_response *response) {
    char links[LIST_LINKS_SIZE];
    size_t length = list_links_write(target, key, page->has_more, response->is_not_modified, links);
    if (length == 0) {
        return true;
    }
    u_char *copy = ngx_pnalloc(request->pool, length);
    if (copy) {
        ngx_memcpy(copy, links, length);
        response->links = (struct http_text){(const char *)copy, length};
    }
    return copy != NULL;
}

/* Adds the body, where there is to be one. */
static bool copy_body(ngx_http_request_t *request, const struct ring *ring,
                      const struct ring_page *page, struct qa_pages_response *response) {
    if (response->is_not_modified || request->method == NGX_HTTP_HEAD) {
        return true;
    }
    if (response->length > COPY_MAX_BYTES) {
        return false;
    }
    response->body = ngx_create_temp_buf(request->pool, response->length);
    if (!response->body || !ring_copy(ring, page, response->form, response->body->pos)) {
        return false;
    }
    response->body->last += response->length;
    return true;
}

static void set_variable(ngx_http_request_t *request, ngx_uint_t variable, const char *text) {
    ngx_http_variable_value_t *value = &request->variables[variable];
    value->len = ngx_strlen(text) & 0xfffffff; /* as wide as the field is */
    value->data = (u_char *)text;
    value->valid = 1;
}

ngx_int_t qa_pages_handle(ngx_http_request_t *request) {
    const struct qa_pages_location *location =
        ngx_http_get_module_loc_conf(request, ngx_http_qa_pages_module);
    struct qa_pages_main *module = ngx_http_get_module_main_conf(request, ngx_http_qa_pages_module);
    struct qa_pages_memory *memory = &module->memory;
    struct taken_apart taken;
    struct page_key key;
    if (!location->is_on || !memory->has_ring || !may_ask(request) ||
        !read_key(request, memory, &taken, &key)) {
        return NGX_DECLINED;
    }
    struct ring_page page;
    struct qa_pages_response response;
    bool is_hit = find(memory, &key, &page) && choose(request, &page, &response) &&
                  write_links(request, &taken.target, &key, &page, &response) &&
                  copy_body(request, &memory->ring, &page, &response);
    enum subject list = page_key_subject(&key);
    qa_pages_memory_count(memory, is_hit ? handout_hit(list, response.is_not_modified)
                                         : handout_miss(list));
    set_variable(request, module->variable, is_hit ? "hit" : "miss");
    if (!is_hit) {
        return NGX_DECLINED;
    }
    ngx_http_finalize_request(request, qa_pages_respond(request, &response));
    return NGX_DONE;
}

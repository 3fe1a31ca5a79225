/* What NGINX calls the module for: its directive, its variables, the life of a worker process. */
#include "configuration.h"

#include "handler.h"
#include "log.h"

static char *on_directive(ngx_conf_t *configuration, ngx_command_t *command, void *location);

static ngx_command_t commands[] = {
    {ngx_string("qa_pages"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, on_directive,
     NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    ngx_null_command,
};

static void *create_main(ngx_conf_t *configuration) {
    return ngx_pcalloc(configuration->pool, sizeof(struct qa_pages_main));
}

static void *create_location(ngx_conf_t *configuration) {
    struct qa_pages_location *location = ngx_pcalloc(configuration->pool, sizeof *location);
    if (location) {
        location->is_on = NGX_CONF_UNSET;
    }
    return location;
}

/* Blocks within a location, such as those of `if`, are as the location is. */
static char *merge_location(ngx_conf_t *configuration, void *outer, void *inner) {
    (void)configuration;
    struct qa_pages_location *location = inner;
    ngx_conf_merge_value(location->is_on, ((struct qa_pages_location *)outer)->is_on, 0);
    return NGX_CONF_OK;
}

static char *on_directive(ngx_conf_t *configuration, ngx_command_t *command, void *location) {
    (void)command;
    struct qa_pages_main *module =
        ngx_http_conf_get_module_main_conf(configuration, ngx_http_qa_pages_module);
    const ngx_str_t *words = configuration->args->elts;
    if (module->shared_file && ngx_strcmp(module->shared_file, words[1].data) != 0) {
        return "names another file than before";
    }
    module->shared_file = (const char *)words[1].data; /* ended by a NUL */
    ((struct qa_pages_location *)location)->is_on = 1;
    return NGX_CONF_OK;
}

/* Where the handler has not set it: no page was looked for. */
static ngx_int_t empty_variable(ngx_http_request_t *request, ngx_http_variable_value_t *value,
                                uintptr_t data) {
    (void)request, (void)data;
    *value = ngx_http_variable_null_value;
    value->valid = 1;
    value->not_found = 0;
    return NGX_OK;
}

static ngx_int_t add_variables(ngx_conf_t *configuration) {
    static ngx_str_t name = ngx_string("qa_page");
    ngx_http_variable_t *variable = ngx_http_add_variable(configuration, &name, 0);
    if (!variable) {
        return NGX_ERROR;
    }
    variable->get_handler = empty_variable;
    return qa_pages_log_add_variables(configuration);
}

static ngx_int_t add_handler(ngx_conf_t *configuration) {
    static ngx_str_t name = ngx_string("qa_page");
    struct qa_pages_main *module =
        ngx_http_conf_get_module_main_conf(configuration, ngx_http_qa_pages_module);
    ngx_int_t variable = ngx_http_get_variable_index(configuration, &name);
    ngx_http_core_main_conf_t *core =
        ngx_http_conf_get_module_main_conf(configuration, ngx_http_core_module);
    ngx_http_handler_pt *handler =
        ngx_array_push(&core->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (variable == NGX_ERROR || !handler) {
        return NGX_ERROR;
    }
    module->variable = (ngx_uint_t)variable;
    *handler = qa_pages_handle;
    return NGX_OK;
}

/* NULL in a process that has no http{}, or does not serve. */
static struct qa_pages_main *of_process(ngx_cycle_t *cycle) {
    bool serves = ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
    struct qa_pages_main *module =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_qa_pages_module);
    return serves && module && module->shared_file ? module : NULL;
}

static ngx_int_t on_process_start(ngx_cycle_t *cycle) {
    struct qa_pages_main *module = of_process(cycle);
    if (module) {
        qa_pages_memory_begin(&module->memory, module->shared_file, cycle->log);
    }
    return NGX_OK;
}

static void on_process_exit(ngx_cycle_t *cycle) {
    struct qa_pages_main *module = of_process(cycle);
    if (module) {
        qa_pages_memory_end(&module->memory);
    }
}

static ngx_http_module_t hooks = {
    .preconfiguration = add_variables,
    .postconfiguration = add_handler,
    .create_main_conf = create_main,
    .create_loc_conf = create_location,
    .merge_loc_conf = merge_location,
};

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ngx_module_t ngx_http_qa_pages_module = {
    NGX_MODULE_V1,
    .ctx = &hooks,
    .commands = commands,
    .type = NGX_HTTP_MODULE,
    .init_process = on_process_start,
    .exit_process = on_process_exit,
};

/* What load_module looks for. */
EXPORTED ngx_module_t *ngx_modules[] = {&ngx_http_qa_pages_module, NULL};
EXPORTED char *ngx_module_names[] = {"ngx_http_qa_pages_module", NULL};
EXPORTED char *ngx_module_order[] = {NULL};

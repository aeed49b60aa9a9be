#include "schema/compile.h"

#include "base/fs.h"
#include "base/text.h"
#include "json/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const jj_keyword *const keyword_tables[] = {
    jj_value_keywords,
    jj_applicator_keywords,
    jj_annotation_keywords,
    jj_core_keywords,
};
#define KEYWORD_TABLES (sizeof keyword_tables / sizeof *keyword_tables)

int jj_compile_refuse(const jj_compiler *c, const char *format, ...)
{
    char why[400];
    va_list args;
    if (c->pointer.failed) {
        return jj_compile_memory(c); /* nobody can tell where it is */
    }
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    jj_fail(c->err, JJ_ECONFIG, "%s", why);
    if (c->err) {
        snprintf(c->err->file, sizeof c->err->file, "%s", c->documents[c->document].name);
        snprintf(c->err->field, sizeof c->err->field, "%s", c->pointer.data ? c->pointer.data : "");
    }
    return JJ_ECONFIG;
}

int jj_compile_memory(const jj_compiler *c)
{
    return jj_fail(c->err, JJ_EMEMORY, "out of memory");
}

size_t jj_compile_enter(jj_compiler *c, const char *name, size_t length)
{
    size_t mark = c->pointer.size;
    jj_buf_putc(&c->pointer, '/');
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '~' || name[i] == '/') {
            jj_buf_puts(&c->pointer, name[i] == '~' ? "~0" : "~1");
        } else {
            jj_buf_putc(&c->pointer, name[i]);
        }
    }
    return mark;
}

size_t jj_compile_enter_index(jj_compiler *c, size_t index)
{
    size_t mark = c->pointer.size;
    jj_buf_printf(&c->pointer, "/%zu", index);
    return mark;
}

void jj_compile_leave(jj_compiler *c, size_t mark)
{
    if (c->pointer.data) {
        c->pointer.size = mark;
        c->pointer.data[mark] = '\0';
    }
}

static const char *nearest_keyword(const char *name)
{
    const char *names[128];
    size_t count = 0;
    for (size_t t = 0; t < KEYWORD_TABLES; t++) {
        for (const jj_keyword *k = keyword_tables[t]; k->name && count < 127; k++) {
            names[count++] = k->name;
        }
    }
    names[count] = NULL;
    return jj_closest(name, names);
}

static const jj_keyword *find_keyword(const char *name, size_t length)
{
    for (size_t t = 0; t < KEYWORD_TABLES; t++) {
        for (const jj_keyword *k = keyword_tables[t]; k->name; k++) {
            if (strlen(k->name) == length && memcmp(k->name, name, length) == 0) {
                return k;
            }
        }
    }
    return NULL;
}

static int compile_keyword(jj_compiler *c, jj_node *node, const char *name, size_t length,
                           const json_t *value)
{
    const jj_keyword *keyword = find_keyword(name, length);
    size_t mark = jj_compile_enter(c, name, length);
    int rc;
    if (keyword) {
        rc = keyword->compile(c, node, keyword, value);
    } else {
        const char *nearest = nearest_keyword(name);
        rc = nearest ? jj_compile_refuse(c, "not a keyword of this validator; did you mean %s?",
                                         nearest)
                     : jj_compile_refuse(c, "not a keyword of this validator");
    }
    jj_compile_leave(c, mark);
    return rc;
}

static int compile_keywords(jj_compiler *c, jj_node *node, const json_t *json)
{
    json_t *object = (json_t *)(uintptr_t)json; /* only read */
    int rc = 0;
    for (void *at = json_object_iter(object); at && rc == 0;
         at = json_object_iter_next(object, at)) {
        rc = compile_keyword(c, node, json_object_iter_key(at), json_object_iter_key_len(at),
                             json_object_iter_value(at));
    }
    return rc ? rc : jj_compile_finish_format(c, node);
}

static int register_node(jj_compiler *c, jj_node *node)
{
    if (c->node_count >= JJ_COMPILE_NODES_MAX) {
        return jj_compile_refuse(c, "more than %d schemas", JJ_COMPILE_NODES_MAX);
    }
    if (c->node_count == c->node_capacity) {
        size_t capacity = c->node_capacity ? c->node_capacity * 2 : 64;
        jj_node **nodes = realloc(c->nodes, capacity * sizeof *nodes);
        if (!nodes) {
            return jj_compile_memory(c);
        }
        c->nodes = nodes;
        c->node_capacity = capacity;
    }
    jj_document *document = &c->documents[c->document];
    node->file = document->name;
    node->pointer =
        jj_arena_copy(&c->library->arena, c->pointer.data ? c->pointer.data : "", c->pointer.size);
    if (c->pointer.failed || !node->pointer ||
        json_object_setn_new(document->places, node->pointer, c->pointer.size,
                             json_integer((json_int_t)c->node_count))) {
        return jj_compile_memory(c);
    }
    c->nodes[c->node_count++] = node;
    return 0;
}

int jj_compile_node(jj_compiler *c, const json_t *json, jj_node **node)
{
    if (c->depth >= JJ_COMPILE_DEPTH_MAX) {
        return jj_compile_refuse(c, "more than %d schemas in one another", JJ_COMPILE_DEPTH_MAX);
    }
    if (!json_is_object(json) && !json_is_boolean(json)) {
        return jj_compile_refuse(c, "a schema is an object, true or false");
    }
    jj_node *made = jj_arena_alloc(&c->library->arena, sizeof *made);
    if (!made) {
        return jj_compile_memory(c);
    }
    made->source = json;
    if (!json_is_object(json)) {
        made->verdict = json_is_true(json) ? JJ_NODE_TRUE : JJ_NODE_FALSE;
    }
    int rc = register_node(c, made);
    if (rc == 0 && json_is_object(json)) {
        c->depth++;
        rc = compile_keywords(c, made, json);
        c->depth--;
    }
    if (rc == 0) {
        *node = made;
    }
    return rc;
}

int jj_compile_regex(jj_compiler *c, const char *text, size_t length, const jj_regex **regex)
{
    jj_library *library = c->library;
    jj_error why = {0};
    jj_regex **regexes =
        realloc(library->regexes, (library->regex_count + 1) * sizeof *library->regexes);
    if (!regexes) {
        return jj_compile_memory(c);
    }
    library->regexes = regexes;
    int rc = jj_regex_new(&regexes[library->regex_count], text, length, &why);
    if (rc) {
        return rc == JJ_EMEMORY ? jj_compile_memory(c) : jj_compile_refuse(c, "%s", why.text);
    }
    *regex = regexes[library->regex_count++];
    return 0;
}

int jj_compile_keep(jj_compiler *c, json_t *json)
{
    jj_library *library = c->library;
    size_t count = library->document_count;
    json_t **documents = realloc(library->documents, (count + 1) * sizeof *documents);
    if (!documents) {
        json_decref(json);
        return jj_compile_memory(c);
    }
    library->documents = documents;
    documents[library->document_count++] = json;
    return 0;
}

int jj_compile_add_document(jj_compiler *c, json_t *json, const char *name, const char *path,
                            const char *dir, size_t *index)
{
    jj_arena *arena = &c->library->arena;
    int rc = jj_compile_keep(c, json);
    if (rc) {
        return rc;
    }
    if (c->document_count >= JJ_COMPILE_FILES_MAX) {
        return jj_compile_refuse(c, "more than %d files", JJ_COMPILE_FILES_MAX);
    }
    jj_document *document = &c->documents[c->document_count];
    *document = (jj_document){.json = json, .places = json_object()};
    document->name = jj_arena_copy(arena, name, strlen(name));
    document->path = path ? jj_arena_copy(arena, path, strlen(path)) : NULL;
    document->dir = dir ? jj_arena_copy(arena, dir, strlen(dir)) : NULL;
    c->document_count++;
    if (!document->places || !document->name || (path && !document->path) ||
        (dir && !document->dir)) {
        return jj_compile_memory(c);
    }
    *index = c->document_count - 1;
    return 0;
}

int jj_compile_document(jj_compiler *c, size_t index, jj_node **root)
{
    size_t document = c->document;
    jj_buf pointer = c->pointer;
    c->pointer = (jj_buf){0};
    c->document = index;
    int rc = jj_compile_node(c, c->documents[index].json, root);
    jj_buf_clear(&c->pointer);
    c->pointer = pointer;
    c->document = document;
    return rc;
}

static void finish(jj_compiler *c)
{
    for (size_t i = 0; i < c->document_count; i++) {
        json_decref(c->documents[i].places);
    }
    for (size_t i = 0; i < c->node_count; i++) {
        c->nodes[i]->mark = 0;
    }
    jj_buf_clear(&c->pointer);
    free(c->nodes);
    free(c->references);
    free(c);
}

static int start(jj_compiler **compiler, jj_error *err)
{
    jj_compiler *c = calloc(1, sizeof *c);
    jj_library *library = calloc(1, sizeof *library);
    if (!c || !library) {
        free(c);
        free(library);
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    /* Without random bytes the hashes are merely guessable; the budget still holds. */
    if (getrandom(library->seed, sizeof library->seed, GRND_NONBLOCK) < 0) {
        memset(library->seed, 0x5a, sizeof library->seed);
    }
    library->users = 1; /* the compiler */
    c->library = library;
    c->err = err;
    *compiler = c;
    return 0;
}

/* Compiles one document; json is taken in any case. */
static int add(jj_compiler *c, json_t *json, const char *name, const char *path, const char *dir,
               jj_schema **schema)
{
    size_t index;
    jj_schema *made = calloc(1, sizeof *made);
    if (!made || !json) {
        free(made);
        json_decref(json);
        return jj_compile_memory(c);
    }
    made->library = c->library;
    made->library->users++;
    *schema = made;
    int rc = jj_compile_add_document(c, json, name, path, dir, &index);
    return rc ? rc : jj_compile_document(c, index, &made->root);
}

static int add_file(jj_compiler *c, const char *path, jj_schema **schema)
{
    json_t *json;
    int rc = jj_json_load_file(&json, path, JJ_COMPILE_FILE_MAX, c->err);
    if (rc) {
        if (c->err && rc != JJ_EMEMORY) {
            c->err->code = JJ_ECONFIG;
        }
        return rc == JJ_EMEMORY ? rc : JJ_ECONFIG;
    }
    char *dir = jj_path_dir(path);
    if (!dir) {
        json_decref(json);
        return jj_compile_memory(c);
    }
    rc = add(c, json, path, path, dir, schema);
    free(dir);
    return rc;
}

/* Ends the compilation. If it has failed, now or before (rc), the schemas are closed. */
static int end(jj_compiler *c, int rc, jj_schema **schemas, size_t count)
{
    jj_library *library = c->library;
    rc = rc ? rc : jj_reference_resolve_all(c);
    rc = rc ? rc : jj_reference_check_cycles(c);
    finish(c);
    for (size_t i = 0; i < count && rc; i++) {
        jj_schema_close(schemas[i]);
    }
    jj_library_release(library);
    return rc;
}

int jj_schema_open_all(jj_schema **schemas, const char *const *paths, size_t count, jj_error *err)
{
    jj_compiler *c;
    size_t made = 0;
    int rc = start(&c, err);
    if (rc) {
        return rc;
    }
    jj_schema **list = calloc(count, sizeof *list);
    rc = list ? 0 : jj_compile_memory(c);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = add_file(c, paths[i], &list[i]);
        made += list[i] != NULL;
    }
    rc = end(c, rc, list, made);
    if (rc == 0) {
        memcpy(schemas, list, count * sizeof *list);
    }
    free(list);
    return rc;
}

int jj_schema_open(jj_schema **schema, const char *path, jj_error *err)
{
    return jj_schema_open_all(schema, &path, 1, err);
}

int jj_schema_compile(jj_schema **schema, const json_t *document, const char *name, const char *dir,
                      jj_error *err)
{
    jj_compiler *c;
    jj_schema *made = NULL;
    int rc = start(&c, err);
    if (rc) {
        return rc;
    }
    rc = add(c, json_deep_copy(document), name, NULL, dir, &made);
    rc = end(c, rc, &made, made ? 1 : 0);
    if (rc == 0) {
        *schema = made;
    }
    return rc;
}

/* $schema, $id, $anchor, $defs and $ref; following references, and finding those that lead round
 * in a circle. */
#include "schema/compile.h"

#include "base/fs.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Schemas that may stand on one another for the same value; each costs a step of depth. */
#define CHAIN_MAX 64

struct jj_reference {
    jj_node *node;
    size_t document;
    const char *text, *pointer;
};

static bool is_root(const jj_node *node)
{
    return node->pointer[0] == '\0';
}

static int compile_dialect(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                           const json_t *value)
{
    static const char dialect[] = "https://json-schema.org/draft/2020-12/schema";
    const char *text = json_string_value(value);
    (void)keyword;
    if (!is_root(node)) {
        return jj_compile_refuse(c, "may only stand at the top of a file");
    }
    if (!text || (strcmp(text, dialect) != 0 && strcmp(text, "https://json-schema.org/draft/"
                                                             "2020-12/schema#") != 0)) {
        return jj_compile_refuse(c, "only %s is understood", dialect);
    }
    c->documents[c->document].dialect = true;
    return 0;
}

/* A file's own name changes nothing: references stay relative to the file. With any other $id
 * they would be relative to that, so only those within the document are followed then. */
static int compile_id(jj_compiler *c, jj_node *node, const jj_keyword *keyword, const json_t *value)
{
    jj_document *document = &c->documents[c->document];
    const char *id = json_string_value(value);
    (void)keyword;
    if (!is_root(node)) {
        return jj_compile_refuse(c, "schemas with a name of their own within a file are not "
                                    "supported: use $defs or $anchor");
    }
    if (!id || !*id || strchr(id, '#')) {
        return jj_compile_refuse(c, "must be a URI without a fragment");
    }
    const char *slash = document->path ? strrchr(document->path, '/') : NULL;
    const char *name = slash ? slash + 1 : document->path;
    document->id = name && strcmp(name, id) == 0 ? NULL : id;
    return 0;
}

static bool is_anchor(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    size_t first = strspn(name, letters);
    return first && name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
                                      "0123456789-.")] == '\0';
}

static int compile_anchor(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value)
{
    json_t *places = c->documents[c->document].places;
    const char *name = json_string_value(value);
    (void)keyword;
    if (!name || !is_anchor(name)) {
        return jj_compile_refuse(c, "must be a name of letters, digits, - _ and .");
    }
    jj_buf key = {0};
    jj_buf_printf(&key, "#%s", name);
    int rc = 0;
    if (key.failed) {
        rc = jj_compile_memory(c);
    } else if (json_object_get(places, key.data)) {
        rc = jj_compile_refuse(c, "another schema of the file has this anchor");
    } else if (json_object_set(places, key.data, json_object_get(places, node->pointer))) {
        rc = jj_compile_memory(c);
    }
    jj_buf_clear(&key);
    return rc;
}

static int compile_definitions(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                               const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* only read */
    int rc = 0;
    (void)node;
    (void)keyword;
    if (!json_is_object(value)) {
        return jj_compile_refuse(c, "must be an object of schemas");
    }
    for (void *at = json_object_iter(object); at && rc == 0;
         at = json_object_iter_next(object, at)) {
        jj_node *unused;
        size_t mark = jj_compile_enter(c, json_object_iter_key(at), json_object_iter_key_len(at));
        rc = jj_compile_node(c, json_object_iter_value(at), &unused);
        jj_compile_leave(c, mark);
    }
    return rc;
}

static int compile_reference(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                             const json_t *value)
{
    (void)keyword;
    if (!json_is_string(value)) {
        return jj_compile_refuse(c, "must be a string");
    }
    return jj_compile_logic(c, node) ? jj_reference_add(c, node, json_string_value(value))
                                     : jj_compile_memory(c);
}

const jj_keyword jj_core_keywords[] = {
    {"$schema", compile_dialect, 0}, {"$id", compile_id, 0},
    {"$anchor", compile_anchor, 0},  {"$defs", compile_definitions, 0},
    {"$ref", compile_reference, 0},  {NULL, NULL, 0},
};

int jj_reference_add(jj_compiler *c, jj_node *node, const char *text)
{
    if (c->reference_count == c->reference_capacity) {
        size_t capacity = c->reference_capacity ? c->reference_capacity * 2 : 32;
        struct jj_reference *references = realloc(c->references, capacity * sizeof *references);
        if (!references) {
            return jj_compile_memory(c);
        }
        c->references = references;
        c->reference_capacity = capacity;
    }
    char *pointer = jj_arena_copy(&c->library->arena, c->pointer.data, c->pointer.size);
    if (!pointer) {
        return jj_compile_memory(c);
    }
    c->references[c->reference_count++] = (struct jj_reference){node, c->document, text, pointer};
    return 0;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Appends a part of a URI with its percent signs decoded. False: one is not followed by two
 * hexadecimal digits, or stands for a NUL. */
static bool decode(const char *text, size_t length, jj_buf *out)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%') {
            jj_buf_putc(out, text[i]);
            continue;
        }
        int high = length - i > 2 ? hex_digit(text[i + 1]) : -1;
        int low = length - i > 2 ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            return false;
        }
        jj_buf_putc(out, (char)(high * 16 + low));
        i += 2;
    }
    return true;
}

/* A path below the folder of the file: no scheme, no host, no root, no way up. */
static bool is_plain_path(const char *path)
{
    for (const char *at = path;; at++) {
        size_t length = strcspn(at, "/");
        if (length == 0 || strncmp(at, ".", length) == 0 ||
            (length == 2 && strncmp(at, "..", 2) == 0)) {
            return false;
        }
        at += length;
        if (!*at) {
            return !strpbrk(path, ":?\\");
        }
    }
}

static int load(jj_compiler *c, const char *path, size_t *index)
{
    json_t *json;
    jj_error why;
    int rc = jj_json_load_file(&json, path, JJ_COMPILE_FILE_MAX, &why);
    if (rc) {
        return rc == JJ_EMEMORY ? jj_compile_memory(c)
                                : jj_compile_refuse(c, "%s, line %d: %s", path, why.line, why.text);
    }
    char *dir = jj_path_dir(path);
    if (!dir) {
        json_decref(json);
        return jj_compile_memory(c);
    }
    jj_node *root;
    rc = jj_compile_add_document(c, json, path, path, dir, index);
    free(dir);
    return rc ? rc : jj_compile_document(c, *index, &root);
}

static int find_file(jj_compiler *c, const char *relative, size_t *index)
{
    const jj_document *from = &c->documents[c->document];
    if (from->id) {
        return jj_compile_refuse(c, "beside an $id that is not the file's name only references "
                                    "within the file are followed");
    }
    if (!is_plain_path(relative)) {
        return jj_compile_refuse(c, "not a file in the schema's folder or below: nothing is "
                                    "fetched from elsewhere");
    }
    if (!from->dir) {
        return jj_compile_refuse(c, "this schema has no folder to look in");
    }
    char *path = jj_path_join(from->dir, relative);
    if (!path) {
        return jj_compile_memory(c);
    }
    int rc = 0;
    bool known = false;
    for (size_t i = 0; i < c->document_count && !known; i++) {
        known = c->documents[i].path && strcmp(c->documents[i].path, path) == 0;
        *index = i;
    }
    if (!known) {
        rc = load(c, path, index);
    }
    free(path);
    return rc;
}

/* The fragment, decoded: nothing, a JSON pointer, or the name of an anchor. */
static int find_place(jj_compiler *c, size_t document, const char *fragment, jj_node **node)
{
    jj_buf key = {0};
    jj_buf_putc(&key, '#');
    bool decoded = decode(fragment, strlen(fragment), &key);
    if (key.failed) {
        return jj_compile_memory(c);
    }
    size_t skip = key.size == 1 || key.data[1] == '/' ? 1 : 0;
    const json_t *index =
        json_object_getn(c->documents[document].places, key.data + skip, key.size - skip);
    jj_buf_clear(&key);
    if (!decoded || !index) {
        return jj_compile_refuse(c, "does not lead to a schema");
    }
    *node = c->nodes[json_integer_value(index)];
    return 0;
}

static int resolve(jj_compiler *c, struct jj_reference reference)
{
    const char *hash = strchr(reference.text, '#');
    size_t length = hash ? (size_t)(hash - reference.text) : strlen(reference.text);
    size_t target = reference.document;
    const char *id = c->documents[reference.document].id;
    bool own = length == 0 || (id && strlen(id) == length && !strncmp(id, reference.text, length));
    jj_buf path = {0};
    int rc = 0;
    c->document = reference.document;
    jj_buf_reset(&c->pointer);
    jj_buf_puts(&c->pointer, reference.pointer);
    if (!own) {
        bool decoded = decode(reference.text, length, &path);
        rc = path.failed ? jj_compile_memory(c)
             : decoded   ? find_file(c, path.data, &target)
                         : jj_compile_refuse(c, "not a URI reference");
    }
    if (rc == 0) {
        rc = find_place(c, target, hash ? hash + 1 : "", &reference.node->logic->reference);
    }
    jj_buf_clear(&path);
    return rc;
}

int jj_reference_resolve_all(jj_compiler *c)
{
    int rc = 0;
    for (size_t i = 0; i < c->reference_count && rc == 0; i++) {
        rc = resolve(c, c->references[i]);
    }
    return rc;
}

/* Marks of nodes while chains are measured: 0 not looked at, 1 being looked at, else 1 plus the
 * number of schemas that stand on one another from here. */
enum {
    UNKNOWN,
    OPEN
};

struct walk {
    jj_compiler *c;
    unsigned depth;
    unsigned longest; /* below the node whose children are being visited */
};

static int measure(jj_node *node, struct walk *walk);

static int measure_child(jj_node *child, enum jj_edge edge, void *data)
{
    struct walk *walk = data;
    int rc = edge == JJ_EDGE_IN_PLACE ? measure(child, walk) : 0;
    if (rc == 0 && edge == JJ_EDGE_IN_PLACE && child->mark - OPEN > walk->longest) {
        walk->longest = child->mark - OPEN;
    }
    return rc;
}

static int refuse_node(const jj_compiler *c, const jj_node *node, const char *why)
{
    jj_fail(c->err, JJ_ECONFIG, "%s", why);
    if (c->err) {
        snprintf(c->err->file, sizeof c->err->file, "%s", node->file);
        snprintf(c->err->field, sizeof c->err->field, "%s", node->pointer);
    }
    return JJ_ECONFIG;
}

static int measure(jj_node *node, struct walk *walk)
{
    if (node->mark == OPEN) {
        return refuse_node(walk->c, node, "leads back to itself without going into the value");
    }
    if (node->mark != UNKNOWN) {
        return 0;
    }
    struct walk below = {walk->c, walk->depth + 1, 0};
    node->mark = OPEN;
    int rc = below.depth > CHAIN_MAX ? JJ_ECONFIG : jj_node_each(node, measure_child, &below);
    if (below.depth > CHAIN_MAX || (rc == 0 && below.longest >= CHAIN_MAX)) {
        return refuse_node(walk->c, node, "too many schemas stand on one another here");
    }
    node->mark = OPEN + 1 + below.longest;
    return rc;
}

int jj_reference_check_cycles(jj_compiler *c)
{
    int rc = 0;
    for (size_t i = 0; i < c->node_count && rc == 0; i++) {
        struct walk walk = {c, 0, 0};
        rc = measure(c->nodes[i], &walk);
    }
    return rc;
}

#include "config/yaml.h"

#include "config/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct jj_yaml {
    jj_pool pool; /* the nodes and their texts */
};

/* A node whose entries are still being read. */
typedef struct level {
    jj_yaml_node *node;
    jj_yaml_node *last;      /* entry, to append behind */
    const jj_yaml_node *key; /* of a mapping: read, its value is still to come */
} level;

typedef struct builder {
    jj_yaml *document;
    const char *file;
    jj_findings *findings;
    const char *text; /* the input */
    size_t size_bytes;
    yaml_parser_t parser;
    jj_yaml_node *root;
    level levels[JJ_YAML_DEPTH_MAX];
    int depth;
    size_t nodes;
    bool fatal; /* reading on makes no sense */
} builder;

static void complain(builder *b, const yaml_mark_t *mark, const char *text)
{
    jj_findings_add(b->findings, b->file, (int)mark->line + 1, (int)mark->column + 1, "%s", text);
}

static void give_up(builder *b, const yaml_mark_t *mark, const char *text)
{
    complain(b, mark, text);
    b->fatal = true;
}

static jj_yaml_node *node_new(builder *b, enum jj_yaml_kind kind, const yaml_mark_t *mark)
{
    if (++b->nodes > JJ_YAML_NODES_MAX) {
        give_up(b, mark, "this file has too many values to be a configuration");
        return NULL;
    }
    jj_yaml_node *node = jj_pool_alloc(&b->document->pool, sizeof *node);
    if (node == NULL) {
        give_up(b, mark, "out of memory");
        return NULL;
    }
    node->kind = kind;
    node->line = (int)mark->line + 1;
    node->column = (int)mark->column + 1;
    return node;
}

/* The same key twice: the second would silently win or lose, whichever a reader expects. */
static void refuse_duplicate(builder *b, const level *top, const yaml_mark_t *mark)
{
    for (const jj_yaml_node *entry = top->node->first; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key->text, top->key->text) == 0) {
            jj_findings_add(b->findings, b->file, (int)mark->line + 1, (int)mark->column + 1,
                            "\"%.60s\" is given twice (first in line %d): keep one of them",
                            top->key->text, entry->key->line);
            return;
        }
    }
}

/* Takes a scalar as the key of the mapping on top. */
static void take_key(builder *b, level *top, const jj_yaml_node *node, const yaml_mark_t *mark)
{
    if (node->kind != JJ_YAML_SCALAR) {
        give_up(b, mark, "a key must be a plain word, not a list or a mapping");
        return;
    }
    if (!node->quoted && strcmp(node->text, "<<") == 0) {
        complain(b, mark, "merge keys (<<) are not supported: write the values out");
    }
    top->key = node;
    refuse_duplicate(b, top, mark);
}

/* Puts a finished scalar, or a collection that begins, to where it belongs. */
static void place(builder *b, jj_yaml_node *node, const yaml_mark_t *mark)
{
    if (b->depth == 0) {
        b->root = node;
        return;
    }
    level *top = &b->levels[b->depth - 1];
    if (top->node->kind == JJ_YAML_MAPPING && top->key == NULL) {
        take_key(b, top, node, mark);
        return;
    }
    node->key = top->key;
    top->key = NULL;
    if (top->last == NULL) {
        top->node->first = node;
    } else {
        top->last->next = node;
    }
    top->last = node;
    top->node->count++;
}

static void open_collection(builder *b, enum jj_yaml_kind kind, const yaml_mark_t *mark)
{
    jj_yaml_node *node = node_new(b, kind, mark);
    if (node == NULL) {
        return;
    }
    if (b->depth == JJ_YAML_DEPTH_MAX) {
        give_up(b, mark, "lists and mappings are nested too deeply");
        return;
    }
    place(b, node, mark);
    b->levels[b->depth++] = (level){.node = node};
}

static void add_scalar(builder *b, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;

    jj_yaml_node *node = node_new(b, JJ_YAML_SCALAR, mark);
    if (node == NULL) {
        return;
    }
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (memchr(text, '\0', length) != NULL) {
        complain(b, mark, "a value must not contain a NUL character");
    }
    node->text = jj_pool_copy(&b->document->pool, text, length);
    if (node->text == NULL) {
        give_up(b, mark, "out of memory");
        return;
    }
    place(b, node, mark);
}

static void refuse_decorations(builder *b, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        complain(b, &event->start_mark,
                 "anchors (&name) are not supported: write the value out where it is needed");
    }
    if (tag != NULL) {
        complain(b, &event->start_mark,
                 "tags (!name) are not supported: put quotes around a value that is text");
    }
}

static void take_event(builder *b, const yaml_event_t *event)
{
    const yaml_mark_t *mark = &event->start_mark;

    refuse_decorations(b, event);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->root != NULL) {
            give_up(b, mark, "a second document begins here (---): a file holds one");
        }
        break;
    case YAML_ALIAS_EVENT:
        give_up(b, mark, "aliases (*name) are not supported: write the value out");
        break;
    case YAML_SCALAR_EVENT:
        add_scalar(b, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        open_collection(b, JJ_YAML_SEQUENCE, mark);
        break;
    case YAML_MAPPING_START_EVENT:
        open_collection(b, JJ_YAML_MAPPING, mark);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        break;
    default:
        break;
    }
}

/* Line and column (in bytes) of an offset of the input. */
static yaml_mark_t mark_of(const builder *b, size_t offset)
{
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < offset && i < b->size_bytes; i++) {
        mark.column++;
        if (b->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

/* True if the line of a mark is indented with a tab, which is what most often is wrong there. */
static bool tab_indents(const builder *b, const yaml_mark_t *mark)
{
    const char *at = b->text, *end = b->text + b->size_bytes;
    for (size_t line = 0; line < mark->line && at != NULL && at < end; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    while (at != NULL && at < end && *at == ' ') {
        at++;
    }
    return at != NULL && at < end && *at == '\t';
}

/* libyaml's texts are constants of its own; none quotes the input. */
static void syntax_error(builder *b)
{
    const yaml_parser_t *p = &b->parser;
    yaml_mark_t mark = p->problem_mark;
    const char *problem = p->problem != NULL ? p->problem : "not YAML";
    char context[128] = "";

    b->fatal = true;
    if (p->error == YAML_MEMORY_ERROR) {
        problem = "out of memory";
    } else if (p->error == YAML_READER_ERROR) {
        mark = mark_of(b, p->problem_offset);
        problem = "not UTF-8 text: save the file in that encoding";
    } else if (tab_indents(b, &mark)) {
        problem = "a tab cannot indent a line: use spaces";
    } else if (p->context != NULL) {
        snprintf(context, sizeof context, ", %s that begins in line %zu", p->context,
                 p->context_mark.line + 1);
    }
    jj_findings_add(b->findings, b->file, (int)mark.line + 1, (int)mark.column + 1, "%s%s", problem,
                    context);
}

static void read_events(builder *b)
{
    bool end = false;

    while (!end && !b->fatal) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event)) {
            syntax_error(b);
            return;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        take_event(b, &event);
        yaml_event_delete(&event);
    }
}

int jj_yaml_parse(jj_yaml **document, const jj_yaml_node **root, const char *file, const char *text,
                  size_t size_bytes, jj_findings *findings)
{
    size_t before = jj_findings_total(findings);
    builder b = {.file = file, .findings = findings, .text = text, .size_bytes = size_bytes};
    const yaml_mark_t start = {0};

    if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        b.text += 3; /* the mark that Windows editors put first */
        b.size_bytes -= 3;
    }

    b.document = calloc(1, sizeof *b.document);
    if (b.document == NULL || !yaml_parser_initialize(&b.parser)) {
        jj_findings_add(findings, file, 0, 0, "out of memory");
        free(b.document);
        return JJ_EMEMORY;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)b.text, b.size_bytes);
    read_events(&b);
    yaml_parser_delete(&b.parser);

    if (!b.fatal && b.root == NULL) {
        b.root = node_new(&b, JJ_YAML_MAPPING, &start);
    }
    if (jj_findings_total(findings) > before) {
        jj_yaml_free(b.document);
        return JJ_ECONFIG;
    }
    *document = b.document;
    *root = b.root;
    return 0;
}

void jj_yaml_free(jj_yaml *document)
{
    if (document == NULL) {
        return;
    }
    jj_pool_clear(&document->pool);
    free(document);
}

const jj_yaml_node *jj_yaml_get(const jj_yaml_node *node, const char *key)
{
    if (node == NULL || node->kind != JJ_YAML_MAPPING) {
        return NULL;
    }
    for (const jj_yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key->text, key) == 0) {
            return entry;
        }
    }
    return NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

bool jj_yaml_is_null(const jj_yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};

    return node->kind == JJ_YAML_SCALAR && !node->quoted && is_one_of(node->text, nulls);
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* A number by the grammar of JSON that a double and a 64-bit integer can hold. What looks like one
 * but has leading zeros (a NIK, a phone number) is text. */
static bool is_json_number(const char *text)
{
    const char *at = text + (*text == '-');
    size_t whole = digits(at);
    bool integer = true;

    if (whole == 0 || (whole > 1 && *at == '0')) {
        return false;
    }
    at += whole;
    if (*at == '.') {
        integer = false;
        size_t fraction = digits(++at);
        if (fraction == 0) {
            return false;
        }
        at += fraction;
    }
    if (*at == 'e' || *at == 'E') {
        integer = false;
        at++;
        at += (*at == '+' || *at == '-');
        if (digits(at) == 0) {
            return false;
        }
        at += digits(at);
    }
    return *at == '\0' && (integer ? whole <= 18 : isfinite(strtod(text, NULL)));
}

static void scalar_to_json(const jj_yaml_node *node, jj_buf *out)
{
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};

    if (node->quoted) {
        jj_buf_json_z(out, node->text);
    } else if (jj_yaml_is_null(node)) {
        jj_buf_puts(out, "null");
    } else if (is_one_of(node->text, yes)) {
        jj_buf_puts(out, "true");
    } else if (is_one_of(node->text, no)) {
        jj_buf_puts(out, "false");
    } else if (is_json_number(node->text)) {
        jj_buf_puts(out, node->text);
    } else {
        jj_buf_json_z(out, node->text);
    }
}

/* Recursion is as deep as the document, which JJ_YAML_DEPTH_MAX bounds. */
void jj_yaml_to_json(const jj_yaml_node *node, jj_buf *out)
{
    if (node->kind == JJ_YAML_SCALAR) {
        scalar_to_json(node, out);
        return;
    }
    bool mapping = node->kind == JJ_YAML_MAPPING;
    jj_buf_putc(out, mapping ? '{' : '[');
    for (const jj_yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        if (entry != node->first) {
            jj_buf_putc(out, ',');
        }
        if (mapping) {
            jj_buf_json_z(out, entry->key->text);
            jj_buf_putc(out, ':');
        }
        jj_yaml_to_json(entry, out);
    }
    jj_buf_putc(out, mapping ? '}' : ']');
}

bool jj_yaml_equal(const jj_yaml_node *a, const jj_yaml_node *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->kind != b->kind || a->count != b->count) {
        return false;
    }
    if (a->kind == JJ_YAML_SCALAR) {
        return a->quoted == b->quoted && strcmp(a->text, b->text) == 0;
    }
    const jj_yaml_node *x = a->first, *y = b->first;
    for (; x != NULL; x = x->next, y = y->next) {
        if (a->kind == JJ_YAML_MAPPING && strcmp(x->key->text, y->key->text) != 0) {
            return false;
        }
        if (!jj_yaml_equal(x, y)) {
            return false;
        }
    }
    return true;
}

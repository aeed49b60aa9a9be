#include "schema/property.h"

#include "schema/audience.h"
#include "schema/property_cell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Objects in objects. */
#define DEPTH_MAX 8

/* Marks on nodes. */
enum {
    LISTED = 1,
    WALKED = 2
};

int jj_property_refuse(const jj_property_maker *maker, const jj_node *node, const char *format, ...)
{
    char why[400];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    jj_fail(maker->err, JJ_ECONFIG, "%s", why);
    if (maker->err) {
        snprintf(maker->err->file, sizeof maker->err->file, "%s", node->file);
        snprintf(maker->err->field, sizeof maker->err->field, "%s", node->pointer);
    }
    return JJ_ECONFIG;
}

static int no_memory(const jj_property_maker *maker)
{
    return jj_fail(maker->err, JJ_EMEMORY, "out of memory");
}

static jj_node *target(const jj_node *node)
{
    return node->logic ? node->logic->reference : NULL;
}

const json_t *jj_property_annotation(const jj_node *node, const char *keyword)
{
    const json_t *value = NULL;
    for (; node && !value; node = target(node)) {
        value = json_object_get(node->source, keyword);
    }
    return value;
}

uint32_t jj_property_audiences(const jj_node *node, const char *keyword)
{
    const json_t *names = jj_property_annotation(node, keyword);
    uint32_t bits = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        bits |= jj_audience_parse(json_string_value(json_array_get(names, i)));
    }
    return bits;
}

/* The audiences that see the property only with the person's consent. */
static uint32_t consent_of(const jj_node *node)
{
    const json_t *value = jj_property_annotation(node, "x-consent");
    uint32_t all = UINT32_MAX & ~(uint32_t)JJ_AUDIENCE_OWNER;
    return json_is_array(value)  ? jj_property_audiences(node, "x-consent")
           : json_is_true(value) ? all
                                 : 0;
}

static const char *text_of(const jj_node *node, const char *keyword)
{
    return json_string_value(jj_property_annotation(node, keyword));
}

static bool is_true(const jj_node *node, const char *keyword)
{
    return json_is_true(jj_property_annotation(node, keyword));
}

static void mark_chain(jj_node *node)
{
    for (; node; node = target(node)) {
        node->mark |= LISTED;
    }
}

static enum jj_class class_of(const jj_node *node)
{
    static const char *const names[] = {"public", "internal", "personal", "specific"};
    const char *name = text_of(node, "x-class");
    for (unsigned i = 0; name && i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum jj_class)(i + 1);
        }
    }
    return JJ_CLASS_NONE;
}

static unsigned type_of_json(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return JJ_TYPE_STRING;
    case JSON_INTEGER:
        return JJ_TYPE_INTEGER;
    case JSON_REAL:
        return JJ_TYPE_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return JJ_TYPE_BOOLEAN;
    case JSON_ARRAY:
        return JJ_TYPE_ARRAY;
    case JSON_OBJECT:
        return JJ_TYPE_OBJECT;
    default:
        return 0;
    }
}

/* What the schema says of the type: outright, or by what it enumerates. null is left out: it
 * says that the value may be absent, not what it is. */
static unsigned types_of(const jj_node *node)
{
    unsigned types = 0;
    for (const jj_node *at = node; at && !types; at = target(at)) {
        types = at->types & ~(unsigned)JJ_TYPE_NULL;
    }
    if (types) {
        return types;
    }
    const json_t *values = jj_property_annotation(node, "enum");
    const json_t *constant = jj_property_annotation(node, "const");
    for (size_t i = 0; i < json_array_size(values); i++) {
        types |= type_of_json(json_array_get(values, i));
    }
    return types || !constant ? types : type_of_json(constant);
}

static bool kind_of(const jj_node *node, enum jj_kind *kind)
{
    switch (types_of(node)) {
    case JJ_TYPE_STRING:
        *kind = JJ_KIND_STRING;
        return true;
    case JJ_TYPE_INTEGER:
        *kind = JJ_KIND_INTEGER;
        return true;
    case JJ_TYPE_NUMBER:
    case JJ_TYPE_NUMBER | JJ_TYPE_INTEGER:
        *kind = JJ_KIND_NUMBER;
        return true;
    case JJ_TYPE_BOOLEAN:
        *kind = JJ_KIND_BOOLEAN;
        return true;
    case JJ_TYPE_ARRAY:
        *kind = JJ_KIND_ARRAY;
        return true;
    case JJ_TYPE_OBJECT:
        *kind = JJ_KIND_OBJECT;
        return true;
    default:
        return false;
    }
}

/* Annotations that belong on the array, not on its items: there they would not be heeded. */
static int check_items(const jj_property_maker *maker, const jj_node *items)
{
    static const char *const keywords[] = {"x-class", "x-audience", "x-consent", "x-vault",
                                           "x-key",   "x-column",   "x-entity"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (jj_property_annotation(items, keywords[i])) {
            return jj_property_refuse(maker, items, "%s belongs on the array, not on its items",
                                      keywords[i]);
        }
    }
    return 0;
}

/* *cell is the schema of one cell's value: of the items for an array. */
static int describe_array(const jj_property_maker *maker, jj_node *node, jj_property *property,
                          jj_node **cell)
{
    jj_node *items = NULL;
    for (const jj_node *at = node; at && !items; at = target(at)) {
        items = at->array ? at->array->items : NULL;
    }
    if (!items || !kind_of(items, &property->items) || property->items == JJ_KIND_ARRAY ||
        property->items == JJ_KIND_OBJECT) {
        return jj_property_refuse(maker, node,
                                  "the items must be of one simple type: only then "
                                  "can the array be classified as a whole");
    }
    mark_chain(items);
    *cell = items;
    return check_items(maker, items);
}

static int describe_object(jj_property_maker *maker, jj_node *node, jj_property *property)
{
    jj_property *members;
    if (maker->depth >= DEPTH_MAX) {
        return jj_property_refuse(maker, node, "more than %d objects in one another", DEPTH_MAX);
    }
    maker->depth++;
    int rc = jj_property_list(maker, node, &members, &property->member_count);
    maker->depth--;
    if (rc == 0) {
        property->members = members;
    }
    return rc;
}

static int check_sense(const jj_property_maker *maker, const jj_node *node,
                       const jj_property *property)
{
    if (property->entity && property->kind != JJ_KIND_STRING) {
        return jj_property_refuse(maker, node, "x-entity stands on strings only");
    }
    if (property->key && (property->kind == JJ_KIND_ARRAY || property->kind == JJ_KIND_OBJECT)) {
        return jj_property_refuse(maker, node, "x-key stands on simple values only");
    }
    if (property->vault && maker->depth > 0) {
        return jj_property_refuse(maker, node,
                                  "x-vault stands on members of the root only: what is inside an "
                                  "object is not cut out of it");
    }
    if (property->consent && property->class == JJ_CLASS_NONE) {
        return jj_property_refuse(maker, node, "x-consent without x-class: nobody sees it anyway");
    }
    return 0;
}

static int describe(jj_property_maker *maker, const char *name, jj_node *node,
                    jj_property *property)
{
    *property = (jj_property){
        .name = name,
        .title = text_of(node, "title"),
        .description = text_of(node, "description"),
        .class = class_of(node),
        .audience = jj_property_audiences(node, "x-audience"),
        .consent = consent_of(node),
        .vault = is_true(node, "x-vault"),
        .key = is_true(node, "x-key"),
        .entity = text_of(node, "x-entity"),
    };
    jj_node *cell = node;
    int rc = 0;
    mark_chain(node);
    maker->has_vault = maker->has_vault || property->vault;
    if (!kind_of(node, &property->kind)) {
        return jj_property_refuse(maker, node, "a property needs one type (beside null)");
    }
    if (property->kind == JJ_KIND_ARRAY) {
        rc = describe_array(maker, node, property, &cell);
    } else if (property->kind == JJ_KIND_OBJECT) {
        rc = describe_object(maker, node, property);
    }
    if (rc == 0) {
        rc = check_sense(maker, node, property);
    }
    property->format = text_of(cell, "format");
    property->choices = jj_property_annotation(cell, "enum");
    return rc ? rc : jj_property_describe_cell(maker, node, cell, property);
}

struct listing {
    jj_property_maker *maker;
    jj_property *list;
    size_t count, room;
};

static jj_property *find(const struct listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->list[i].name, name) == 0) {
            return &listing->list[i];
        }
    }
    return NULL;
}

static bool has_annotation(const jj_node *node)
{
    json_t *source = (json_t *)(uintptr_t)node->source; /* only read */
    for (void *at = json_object_iter(source); at; at = json_object_iter_next(source, at)) {
        if (strncmp(json_object_iter_key(at), "x-", 2) == 0) {
            return true;
        }
    }
    return false;
}

static int list_members(struct listing *listing, const jj_node *node)
{
    json_t *source = json_object_get(node->source, "properties");
    int rc = 0;
    for (void *at = json_object_iter(source); at && rc == 0;
         at = json_object_iter_next(source, at)) {
        const char *name = json_object_iter_key(at);
        size_t index = 0;
        jj_names_find(&node->object->names, name, json_object_iter_key_len(at), &index);
        jj_node *member = node->object->members[index].node;
        if (!find(listing, name)) {
            rc = describe(listing->maker, name, member, &listing->list[listing->count++]);
        } else if (has_annotation(member)) {
            rc = jj_property_refuse(listing->maker, member,
                                    "a property is annotated where it "
                                    "is first described, not twice");
        }
    }
    return rc;
}

typedef int part_fn(struct listing *listing, const jj_node *node);

/* Calls visit for the schema and those that apply to the same object under all circumstances. */
static int each_part(struct listing *listing, jj_node *node, part_fn *visit)
{
    int rc = 0;
    node->mark |= LISTED;
    if (node->object) {
        rc = visit(listing, node);
    }
    if (rc == 0 && target(node)) {
        rc = each_part(listing, target(node), visit);
    }
    for (size_t i = 0; rc == 0 && node->logic && i < node->logic->all.count; i++) {
        rc = each_part(listing, node->logic->all.list[i], visit);
    }
    return rc;
}

static int count_members(struct listing *listing, const jj_node *node)
{
    listing->room += node->object->member_count;
    return 0;
}

static int note_required(struct listing *listing, const jj_node *node)
{
    for (size_t i = 0; i < node->object->member_count; i++) {
        const jj_member_rule *rule = &node->object->members[i];
        jj_property *property = rule->required ? find(listing, rule->name) : NULL;
        if (property) {
            property->required = true;
        }
    }
    return 0;
}

int jj_property_list(jj_property_maker *maker, jj_node *object, jj_property **list, size_t *count)
{
    struct listing listing = {.maker = maker};
    each_part(&listing, object, count_members);
    listing.list = jj_arena_array(maker->arena, listing.room, sizeof *listing.list);
    if (!listing.list) {
        return no_memory(maker);
    }
    int rc = each_part(&listing, object, list_members);
    if (rc == 0) {
        rc = each_part(&listing, object, note_required);
    }
    if (rc == 0) {
        *list = listing.list;
        *count = listing.count;
    }
    return rc;
}

static int walk(jj_node *node, enum jj_edge edge, void *data)
{
    const jj_property_maker *maker = data;
    (void)edge;
    if (node->mark & WALKED) {
        return 0;
    }
    node->mark |= WALKED;
    if (!(node->mark & LISTED) && has_annotation(node)) {
        return jj_property_refuse(maker, node,
                                  "x- annotations stand on properties that all events "
                                  "of the type share; here they would be ignored");
    }
    return jj_node_each(node, walk, data);
}

/* The next type may come to some of the same schemas. */
static int unmark(jj_node *node, enum jj_edge edge, void *data)
{
    (void)edge;
    if (!(node->mark & WALKED)) {
        return 0;
    }
    node->mark = 0;
    return jj_node_each(node, unmark, data);
}

int jj_property_check_reached(jj_property_maker *maker, jj_node *root)
{
    int rc = walk(root, JJ_EDGE_IN_PLACE, maker);
    if (rc == 0) {
        unmark(root, JJ_EDGE_IN_PLACE, NULL);
    }
    return rc;
}

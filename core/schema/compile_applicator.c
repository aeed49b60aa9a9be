/* Keywords about the parts of a value (items, members) and those that combine schemas. */
#include "schema/compile.h"

#include <string.h>

jj_array_rules *jj_compile_array(jj_compiler *c, jj_node *node)
{
    if (!node->array) {
        node->array = jj_arena_alloc(&c->library->arena, sizeof *node->array);
        if (node->array) {
            node->array->max = node->array->max_contains = SIZE_MAX;
            node->array->min_contains = 1;
        }
    }
    return node->array;
}

jj_object_rules *jj_compile_object(jj_compiler *c, jj_node *node)
{
    if (!node->object) {
        node->object = jj_arena_alloc(&c->library->arena, sizeof *node->object);
        if (node->object) {
            node->object->max = SIZE_MAX;
        }
    }
    return node->object;
}

jj_logic *jj_compile_logic(jj_compiler *c, jj_node *node)
{
    if (!node->logic) {
        node->logic = jj_arena_alloc(&c->library->arena, sizeof *node->logic);
    }
    return node->logic;
}

enum {
    MIN_ITEMS,
    MAX_ITEMS,
    MIN_CONTAINS,
    MAX_CONTAINS,
    MIN_PROPERTIES,
    MAX_PROPERTIES,
};

static int compile_count(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                         const json_t *value)
{
    bool of_object = keyword->detail >= MIN_PROPERTIES;
    jj_array_rules *array = of_object ? NULL : jj_compile_array(c, node);
    jj_object_rules *object = of_object ? jj_compile_object(c, node) : NULL;
    if (!array && !object) {
        return jj_compile_memory(c);
    }
    switch (keyword->detail) {
    case MIN_ITEMS:
        return jj_compile_size(c, value, &array->min);
    case MAX_ITEMS:
        return jj_compile_size(c, value, &array->max);
    case MIN_CONTAINS:
        return jj_compile_size(c, value, &array->min_contains);
    case MAX_CONTAINS:
        return jj_compile_size(c, value, &array->max_contains);
    case MIN_PROPERTIES:
        return jj_compile_size(c, value, &object->min);
    default:
        return jj_compile_size(c, value, &object->max);
    }
}

static int compile_unique(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value)
{
    (void)keyword;
    if (!json_is_boolean(value)) {
        return jj_compile_refuse(c, "must be true or false");
    }
    jj_array_rules *rules = jj_compile_array(c, node);
    if (!rules) {
        return jj_compile_memory(c);
    }
    rules->unique = json_is_true(value);
    return 0;
}

/* A list of schemas; never empty (2020-12, 10.2.1 and 10.3.1). */
static int compile_list(jj_compiler *c, const json_t *value, jj_nodes *nodes)
{
    size_t count = json_array_size(value);
    if (count == 0) {
        return jj_compile_refuse(c, "must be an array of at least one schema");
    }
    nodes->list = jj_arena_array(&c->library->arena, count, sizeof(jj_node *));
    if (!nodes->list) {
        return jj_compile_memory(c);
    }
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t mark = jj_compile_enter_index(c, i);
        rc = jj_compile_node(c, json_array_get(value, i), &nodes->list[i]);
        jj_compile_leave(c, mark);
        nodes->count += rc == 0;
    }
    return rc;
}

enum {
    PREFIX_ITEMS,
    ALL_OF,
    ANY_OF,
    ONE_OF
};

static int compile_schema_list(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                               const json_t *value)
{
    jj_array_rules *array = keyword->detail == PREFIX_ITEMS ? jj_compile_array(c, node) : NULL;
    jj_logic *logic = keyword->detail == PREFIX_ITEMS ? NULL : jj_compile_logic(c, node);
    if (!array && !logic) {
        return jj_compile_memory(c);
    }
    switch (keyword->detail) {
    case PREFIX_ITEMS:
        return compile_list(c, value, &array->prefix);
    case ALL_OF:
        return compile_list(c, value, &logic->all);
    case ANY_OF:
        return compile_list(c, value, &logic->any);
    default:
        return compile_list(c, value, &logic->one);
    }
}

enum {
    ITEMS,
    CONTAINS,
    ADDITIONAL,
    MEMBER_NAMES,
    NOT,
    IF,
    THEN,
    ELSE
};

static int compile_schema(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value)
{
    bool of_array = keyword->detail <= CONTAINS;
    bool of_object = keyword->detail == ADDITIONAL || keyword->detail == MEMBER_NAMES;
    jj_array_rules *array = of_array ? jj_compile_array(c, node) : NULL;
    jj_object_rules *object = of_object ? jj_compile_object(c, node) : NULL;
    jj_logic *logic = of_array || of_object ? NULL : jj_compile_logic(c, node);
    if (!array && !object && !logic) {
        return jj_compile_memory(c);
    }
    switch (keyword->detail) {
    case ITEMS:
        return jj_compile_node(c, value, &array->items);
    case CONTAINS:
        return jj_compile_node(c, value, &array->contains);
    case ADDITIONAL:
        return jj_compile_node(c, value, &object->additional);
    case MEMBER_NAMES:
        return jj_compile_node(c, value, &object->member_names);
    case NOT:
        return jj_compile_node(c, value, &logic->not );
    case IF:
        return jj_compile_node(c, value, &logic->condition);
    case THEN:
        return jj_compile_node(c, value, &logic->then);
    default:
        return jj_compile_node(c, value, &logic->otherwise);
    }
}

/* The rule for a member's name, made on first mention in "properties" or "required". */
static jj_member_rule *member_rule(jj_compiler *c, jj_node *node, const char *name, size_t length)
{
    jj_object_rules *rules = jj_compile_object(c, node);
    jj_arena *arena = &c->library->arena;
    size_t index;
    if (!rules) {
        return NULL;
    }
    if (!rules->members) {
        size_t room = json_object_size(json_object_get(node->source, "properties")) +
                      json_array_size(json_object_get(node->source, "required"));
        rules->members = jj_arena_array(arena, room, sizeof *rules->members);
        if (!rules->members || !jj_names_init(&rules->names, arena, room)) {
            return NULL;
        }
    }
    if (!jj_names_find(&rules->names, name, length, &index)) {
        index = rules->member_count++;
        rules->members[index] = (jj_member_rule){.name = name, .length = length};
        jj_names_add(&rules->names, name, length, index);
    }
    return &rules->members[index];
}

static int compile_properties(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                              const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* only read */
    int rc = 0;
    (void)keyword;
    if (!json_is_object(value)) {
        return jj_compile_refuse(c, "must be an object of schemas");
    }
    for (void *at = json_object_iter(object); at && rc == 0;
         at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        size_t length = json_object_iter_key_len(at);
        jj_member_rule *rule = member_rule(c, node, name, length);
        if (!rule) {
            return jj_compile_memory(c);
        }
        size_t mark = jj_compile_enter(c, name, length);
        rc = jj_compile_node(c, json_object_iter_value(at), &rule->node);
        jj_compile_leave(c, mark);
    }
    return rc;
}

static bool is_repeated(const json_t *array, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (json_equal(json_array_get(array, i), json_array_get(array, index))) {
            return true;
        }
    }
    return false;
}

/* Names as "required" lists them: strings, each once (2020-12 validation, 6.5.3). */
static int check_names(const jj_compiler *c, const json_t *value)
{
    if (!json_is_array(value)) {
        return jj_compile_refuse(c, "must be an array of names");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_string(json_array_get(value, i))) {
            return jj_compile_refuse(c, "must be an array of names");
        }
        if (is_repeated(value, i)) {
            return jj_compile_refuse(c, "lists a name twice");
        }
    }
    return 0;
}

static int compile_required(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                            const json_t *value)
{
    int rc = check_names(c, value);
    (void)keyword;
    for (size_t i = 0; i < json_array_size(value) && rc == 0; i++) {
        const json_t *name = json_array_get(value, i);
        jj_member_rule *rule =
            member_rule(c, node, json_string_value(name), json_string_length(name));
        if (!rule) {
            return jj_compile_memory(c);
        }
        rule->required = true;
        node->object->required_count++;
    }
    return rc;
}

static int compile_pattern_properties(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                                      const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* only read */
    jj_object_rules *rules = jj_compile_object(c, node);
    int rc = 0;
    (void)keyword;
    if (!json_is_object(value)) {
        return jj_compile_refuse(c, "must be an object of schemas");
    }
    if (rules) {
        rules->patterns =
            jj_arena_array(&c->library->arena, json_object_size(value), sizeof *rules->patterns);
    }
    if (!rules || !rules->patterns) {
        return jj_compile_memory(c);
    }
    for (void *at = json_object_iter(object); at && rc == 0;
         at = json_object_iter_next(object, at)) {
        jj_member_pattern *pattern = &rules->patterns[rules->pattern_count];
        const char *text = json_object_iter_key(at);
        size_t length = json_object_iter_key_len(at);
        size_t mark = jj_compile_enter(c, text, length);
        rc = jj_compile_regex(c, text, length, &pattern->regex);
        if (rc == 0) {
            rc = jj_compile_node(c, json_object_iter_value(at), &pattern->node);
        }
        jj_compile_leave(c, mark);
        rules->pattern_count += rc == 0;
    }
    return rc;
}

enum {
    DEPENDENT_REQUIRED,
    DEPENDENT_SCHEMAS
};

static int compile_dependency(jj_compiler *c, const jj_keyword *keyword, const json_t *value,
                              jj_dependency *dependency)
{
    if (keyword->detail == DEPENDENT_SCHEMAS) {
        return jj_compile_node(c, value, &dependency->node);
    }
    dependency->required = value;
    return check_names(c, value);
}

static int compile_dependencies(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                                const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* only read */
    jj_object_rules *rules = jj_compile_object(c, node);
    int rc = 0;
    if (!json_is_object(value)) {
        return jj_compile_refuse(c, "must be an object");
    }
    if (rules && !rules->dependencies) {
        size_t room = json_object_size(json_object_get(node->source, "dependentRequired")) +
                      json_object_size(json_object_get(node->source, "dependentSchemas"));
        rules->dependencies = jj_arena_array(&c->library->arena, room, sizeof *rules->dependencies);
    }
    if (!rules || !rules->dependencies) {
        return jj_compile_memory(c);
    }
    for (void *at = json_object_iter(object); at && rc == 0;
         at = json_object_iter_next(object, at)) {
        jj_dependency *dependency = &rules->dependencies[rules->dependency_count];
        dependency->name = json_object_iter_key(at);
        dependency->length = json_object_iter_key_len(at);
        size_t mark = jj_compile_enter(c, dependency->name, dependency->length);
        rc = compile_dependency(c, keyword, json_object_iter_value(at), dependency);
        jj_compile_leave(c, mark);
        rules->dependency_count += rc == 0;
    }
    return rc;
}

const jj_keyword jj_applicator_keywords[] = {
    {"minItems", compile_count, MIN_ITEMS},
    {"maxItems", compile_count, MAX_ITEMS},
    {"minContains", compile_count, MIN_CONTAINS},
    {"maxContains", compile_count, MAX_CONTAINS},
    {"minProperties", compile_count, MIN_PROPERTIES},
    {"maxProperties", compile_count, MAX_PROPERTIES},
    {"uniqueItems", compile_unique, 0},
    {"prefixItems", compile_schema_list, PREFIX_ITEMS},
    {"allOf", compile_schema_list, ALL_OF},
    {"anyOf", compile_schema_list, ANY_OF},
    {"oneOf", compile_schema_list, ONE_OF},
    {"items", compile_schema, ITEMS},
    {"contains", compile_schema, CONTAINS},
    {"additionalProperties", compile_schema, ADDITIONAL},
    {"propertyNames", compile_schema, MEMBER_NAMES},
    {"not", compile_schema, NOT},
    {"if", compile_schema, IF},
    {"then", compile_schema, THEN},
    {"else", compile_schema, ELSE},
    {"properties", compile_properties, 0},
    {"patternProperties", compile_pattern_properties, 0},
    {"required", compile_required, 0},
    {"dependentRequired", compile_dependencies, DEPENDENT_REQUIRED},
    {"dependentSchemas", compile_dependencies, DEPENDENT_SCHEMAS},
    {NULL, NULL, 0},
};

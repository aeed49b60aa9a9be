#include "schema/program.h"

#include <stdio.h>
#include <stdlib.h>

void jj_types_format(unsigned types, char *out, size_t size_bytes)
{
    static const char *const names[] = {"null",   "boolean", "object", "array",
                                        "string", "number",  "integer"};
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < 7; i++) {
        if (types & 1U << i && used < size_bytes) {
            int n = snprintf(out + used, size_bytes - used, "%s%s", used ? " or " : "", names[i]);
            used += n > 0 ? (size_t)n : 0;
        }
    }
}

static int each_of(const jj_nodes *nodes, enum jj_edge edge, jj_edge_fn *visit, void *data)
{
    int rc = 0;
    for (size_t i = 0; i < nodes->count && rc == 0; i++) {
        rc = visit(nodes->list[i], edge, data);
    }
    return rc;
}

static int one_of(jj_node *node, enum jj_edge edge, jj_edge_fn *visit, void *data)
{
    return node ? visit(node, edge, data) : 0;
}

static int each_logic(const jj_logic *logic, jj_edge_fn *visit, void *data)
{
    jj_node *const single[] = {logic->reference, logic->not, logic->condition, logic->then,
                               logic->otherwise};
    const jj_nodes *const lists[] = {&logic->all, &logic->any, &logic->one};
    int rc = 0;
    for (size_t i = 0; i < 5 && rc == 0; i++) {
        rc = one_of(single[i], JJ_EDGE_IN_PLACE, visit, data);
    }
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        rc = each_of(lists[i], JJ_EDGE_IN_PLACE, visit, data);
    }
    return rc;
}

static int each_member(const jj_object_rules *rules, jj_edge_fn *visit, void *data)
{
    int rc = one_of(rules->additional, JJ_EDGE_INTO, visit, data);
    if (rc == 0) {
        rc = one_of(rules->member_names, JJ_EDGE_INTO, visit, data);
    }
    for (size_t i = 0; i < rules->member_count && rc == 0; i++) {
        rc = one_of(rules->members[i].node, JJ_EDGE_INTO, visit, data);
    }
    for (size_t i = 0; i < rules->pattern_count && rc == 0; i++) {
        rc = one_of(rules->patterns[i].node, JJ_EDGE_INTO, visit, data);
    }
    for (size_t i = 0; i < rules->dependency_count && rc == 0; i++) {
        rc = one_of(rules->dependencies[i].node, JJ_EDGE_IN_PLACE, visit, data);
    }
    return rc;
}

static int each_item(const jj_array_rules *rules, jj_edge_fn *visit, void *data)
{
    int rc = each_of(&rules->prefix, JJ_EDGE_INTO, visit, data);
    if (rc == 0) {
        rc = one_of(rules->items, JJ_EDGE_INTO, visit, data);
    }
    return rc ? rc : one_of(rules->contains, JJ_EDGE_INTO, visit, data);
}

int jj_node_each(const jj_node *node, jj_edge_fn *visit, void *data)
{
    int rc = node->logic ? each_logic(node->logic, visit, data) : 0;
    if (rc == 0 && node->object) {
        rc = each_member(node->object, visit, data);
    }
    if (rc == 0 && node->array) {
        rc = each_item(node->array, visit, data);
    }
    return rc;
}

jj_node *jj_schema_root(const jj_schema *schema)
{
    return schema->root;
}

void jj_library_release(jj_library *library)
{
    if (--library->users > 0) {
        return;
    }
    for (size_t i = 0; i < library->regex_count; i++) {
        jj_regex_free(library->regexes[i]);
    }
    for (size_t i = 0; i < library->document_count; i++) {
        json_decref(library->documents[i]);
    }
    free(library->regexes);
    free(library->documents);
    jj_arena_clear(&library->arena);
    free(library);
}

void jj_schema_close(jj_schema *schema)
{
    if (schema) {
        jj_library_release(schema->library);
        free(schema);
    }
}

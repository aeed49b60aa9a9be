#include "schema/property_cell.h"

#include "base/text.h"
#include "schema/run.h"

#include <string.h>

#define FOLDED_MAX 256

static int no_memory(const jj_property_maker *maker)
{
    return jj_fail(maker->err, JJ_EMEMORY, "out of memory");
}

/* A folded column may belong to one property of a type only. 0: it is new here; 1: this property
 * has it already; else an error. */
static int claim_column(const jj_property_maker *maker, const jj_node *node, const char *folded)
{
    const char *owner = json_string_value(json_object_get(maker->columns, folded));
    if (owner && strcmp(owner, node->pointer) == 0) {
        return 1;
    }
    if (owner) {
        return jj_property_refuse(maker, node, "the column %s also belongs to %s", folded, owner);
    }
    return json_object_set_new(maker->columns, folded, json_string(node->pointer))
               ? no_memory(maker)
               : 0;
}

static int describe_columns(jj_property_maker *maker, const jj_node *node, jj_property *property)
{
    const json_t *names = jj_property_annotation(node, "x-column");
    size_t count = json_array_size(names), used = 0;
    const char **columns = jj_arena_array(maker->arena, count + 1, sizeof *columns);
    const char **written = jj_arena_array(maker->arena, count + 1, sizeof *written);
    if (!columns || !written) {
        return no_memory(maker);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_array_get(names, i);
        char folded[FOLDED_MAX];
        size_t length =
            jj_fold(json_string_value(name), json_string_length(name), folded, sizeof folded);
        int rc = claim_column(maker, node, folded);
        if (rc < 0) {
            return rc;
        }
        if (rc == 0) {
            columns[used] = jj_arena_copy(maker->arena, folded, length);
            written[used] = json_string_value(name);
            if (!columns[used++]) {
                return no_memory(maker);
            }
        }
    }
    property->columns = columns;
    property->column_names = written;
    return 0;
}

static bool is_allowed(const jj_property_maker *maker, const jj_node *cell, const json_t *value)
{
    jj_run run = {.schema = maker->schema, .budget = JJ_SCHEMA_STEPS_MAX};
    jj_subject subject = jj_subject_of(value);
    return jj_run_node(&run, cell, &subject, NULL) && run.budget;
}

/* One pair of x-values into the folded table. */
static int add_value(const jj_property_maker *maker, const jj_node *cell, json_t *folded_values,
                     const char *written, json_t *value)
{
    char folded[FOLDED_MAX];
    jj_fold(written, strlen(written), folded, sizeof folded);
    if (!is_allowed(maker, cell, value)) {
        return jj_property_refuse(maker, cell,
                                  "in x-values %s stands for a value that the schema "
                                  "does not allow",
                                  written);
    }
    const json_t *other = json_object_get(folded_values, folded);
    if (other && !json_equal(other, value)) {
        return jj_property_refuse(maker, cell,
                                  "in x-values %s reads as another name with another "
                                  "value does",
                                  written);
    }
    return json_object_set(folded_values, folded, value) ? no_memory(maker) : 0;
}

static int describe_values(jj_property_maker *maker, const jj_node *node, const jj_node *cell,
                           jj_property *property)
{
    const json_t *values = jj_property_annotation(node, "x-values");
    if (!values) {
        values = jj_property_annotation(cell, "x-values");
    }
    if (!values) {
        return 0;
    }
    json_t *source = (json_t *)(uintptr_t)values; /* only read */
    json_t *folded = json_object();
    if (!folded || json_array_append_new(maker->kept, folded) ||
        json_array_append(maker->kept, source)) {
        return no_memory(maker);
    }
    int rc = 0;
    for (void *at = json_object_iter(source); at && rc == 0;
         at = json_object_iter_next(source, at)) {
        rc = add_value(maker, cell, folded, json_object_iter_key(at), json_object_iter_value(at));
    }
    property->values = folded;
    property->spellings = source;
    return rc;
}

int jj_property_describe_cell(jj_property_maker *maker, const jj_node *node, const jj_node *cell,
                              jj_property *property)
{
    int rc = describe_columns(maker, node, property);
    return rc ? rc : describe_values(maker, node, cell, property);
}

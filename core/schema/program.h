/*
 * A compiled schema: a graph of plain structs, one node a schema, each with only the groups of
 * rules that its keywords asked for. Private to this room.
 */
#ifndef JJ_SCHEMA_PROGRAM_H
#define JJ_SCHEMA_PROGRAM_H

#include "schema/arena.h"
#include "schema/format.h"
#include "schema/names.h"
#include "schema/number.h"
#include "schema/regex.h"
#include "schema/schema.h"

/* The types of JSON Schema; an integer is a number too. */
enum {
    JJ_TYPE_NULL = 1 << 0,
    JJ_TYPE_BOOLEAN = 1 << 1,
    JJ_TYPE_OBJECT = 1 << 2,
    JJ_TYPE_ARRAY = 1 << 3,
    JJ_TYPE_STRING = 1 << 4,
    JJ_TYPE_NUMBER = 1 << 5,
    JJ_TYPE_INTEGER = 1 << 6,
};

/* The names of the types whose bits are set, "string or null". */
void jj_types_format(unsigned types, char *out, size_t size_bytes);

typedef struct jj_node jj_node;

typedef struct jj_nodes {
    jj_node **list;
    size_t count;
} jj_nodes;

typedef struct jj_number_rules {
    bool has_minimum, has_maximum, has_above, has_below, has_multiple;
    jj_number minimum, maximum, above, below; /* above, below: the exclusive ones */
    jj_number multiple;
} jj_number_rules;

typedef struct jj_string_rules {
    size_t min, max; /* code points */
    const jj_regex *pattern;
    const char *pattern_text;
    enum jj_format format;
} jj_string_rules;

typedef struct jj_array_rules {
    size_t min, max;
    bool unique;
    jj_nodes prefix;
    jj_node *items;    /* of what stands behind the prefix; NULL: anything */
    jj_node *contains; /* NULL: not asked for */
    size_t min_contains, max_contains;
} jj_array_rules;

/* A member's name that the schema mentions. */
typedef struct jj_member_rule {
    const char *name;
    size_t length;
    jj_node *node; /* under "properties"; NULL: only required */
    bool required;
} jj_member_rule;

typedef struct jj_member_pattern {
    const jj_regex *regex;
    jj_node *node;
} jj_member_pattern;

typedef struct jj_dependency {
    const char *name;
    size_t length;
    const json_t *required; /* array of names; NULL: none */
    jj_node *node;          /* dependentSchemas; NULL: none */
} jj_dependency;

typedef struct jj_object_rules {
    size_t min, max;
    jj_names names; /* to indexes of members */
    jj_member_rule *members;
    size_t member_count, required_count;
    jj_member_pattern *patterns;
    size_t pattern_count;
    jj_node *additional; /* NULL: anything */
    jj_node *member_names;
    jj_dependency *dependencies;
    size_t dependency_count;
} jj_object_rules;

/* const and enum. */
typedef struct jj_choice {
    const json_t *values; /* array; of one for const */
    jj_names texts;       /* the strings among them */
} jj_choice;

typedef struct jj_logic {
    jj_node *reference; /* where $ref leads */
    jj_nodes all, any, one;
    jj_node * not, *condition, *then, *otherwise;
} jj_logic;

enum jj_verdict {
    JJ_NODE_RULES = 0,
    JJ_NODE_TRUE,
    JJ_NODE_FALSE
};

struct jj_node {
    enum jj_verdict verdict;
    unsigned types; /* bits; 0: any */
    jj_number_rules *number;
    jj_string_rules *string;
    jj_array_rules *array;
    jj_object_rules *object;
    jj_choice *constant, *choice;
    jj_logic *logic;
    /* Where it came from: for the catalogue and for errors. */
    const json_t *source;
    const char *file, *pointer;
    unsigned mark; /* of whoever walks the graph; 0 after compilation */
};

/* What schemas that were compiled together consist of: the files that they reference are in it
 * once. */
typedef struct jj_library {
    size_t users; /* schemas that have not been closed, and the compiler */
    jj_arena arena;
    json_t **documents; /* what nodes point into */
    size_t document_count;
    jj_regex **regexes;
    size_t regex_count;
    unsigned char seed[16]; /* of hashes */
} jj_library;

struct jj_schema {
    jj_library *library;
    jj_node *root;
};

/* Takes away one user; without any it is freed. */
void jj_library_release(jj_library *library);

/* How one schema stands to another. */
enum jj_edge {
    JJ_EDGE_IN_PLACE, /* is run on the same value */
    JJ_EDGE_INTO,     /* is run on a part of it */
};

/* Calls visit for each schema that node applies, until one call returns other than 0, which it
 * returns. Schemas that only stand in $defs are not applied. */
typedef int jj_edge_fn(jj_node *child, enum jj_edge edge, void *data);
int jj_node_each(const jj_node *node, jj_edge_fn *visit, void *data);

/* The compiled schema of all of a file, for the catalogue. */
jj_node *jj_schema_root(const jj_schema *schema);

#endif

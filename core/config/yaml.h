/*
 * A YAML document as a tree of nodes that know their places. The only user of libyaml.
 *
 * Guarantees: one document, UTF-8, at most JJ_YAML_DEPTH_MAX deep and JJ_YAML_NODES_MAX nodes;
 * no key twice in a mapping; no anchors, aliases, explicit tags or merge keys (a config that
 * needs them is not read by people, and an alias is the known way to blow a parser up). Keys are
 * plain scalars.
 *
 * Not here: types. A scalar is its text and whether it was quoted; who asks knows what it wants.
 */
#ifndef JJ_CONFIG_YAML_H
#define JJ_CONFIG_YAML_H

#include "jejaring/error.h"

#include "base/buf.h"
#include "config/findings.h"

#include <stdbool.h>
#include <stddef.h>

#define JJ_YAML_DEPTH_MAX 32
#define JJ_YAML_NODES_MAX 20000

enum jj_yaml_kind {
    JJ_YAML_SCALAR,
    JJ_YAML_SEQUENCE,
    JJ_YAML_MAPPING
};

typedef struct jj_yaml_node jj_yaml_node;
struct jj_yaml_node {
    enum jj_yaml_kind kind;
    int line, column;          /* 1-based */
    const char *text;          /* of a scalar; NUL-terminated and without NUL inside */
    bool quoted;               /* scalar in quotes or a block: text, never a number or a null */
    const jj_yaml_node *key;   /* of a mapping's entry: its key's node; else NULL */
    const jj_yaml_node *next;  /* next entry of the same parent, in the order of the file */
    const jj_yaml_node *first; /* entries of a sequence or mapping */
    size_t count;              /* of those */
};

typedef struct jj_yaml jj_yaml;

/* Parses text. On success *document is new and *root (never NULL) is borrowed from it; an empty
 * text gives an empty mapping. Otherwise findings has at least one more entry. file names the
 * text in messages. Returns 0, JJ_ECONFIG or JJ_EMEMORY. */
int jj_yaml_parse(jj_yaml **document, const jj_yaml_node **root, const char *file, const char *text,
                  size_t size_bytes, jj_findings *findings);
void jj_yaml_free(jj_yaml *document);

/* The value below a key of a mapping; NULL if there is none, or node is not a mapping. */
const jj_yaml_node *jj_yaml_get(const jj_yaml_node *node, const char *key);

/* True for a plain scalar that YAML's core schema reads as null: nothing, ~, null. */
bool jj_yaml_is_null(const jj_yaml_node *node);

/* Appends the tree as JSON: plain scalars by YAML's core schema (null, true, false, integers,
 * decimal numbers), all else as strings. */
void jj_yaml_to_json(const jj_yaml_node *node, jj_buf *out);

/* True if both are the same tree, places apart. Either may be NULL. */
bool jj_yaml_equal(const jj_yaml_node *a, const jj_yaml_node *b);

#endif

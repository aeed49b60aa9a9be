/*
 * The state of one compilation, shared by the files that compile keywords, references and
 * annotations. Private to this room.
 */
#ifndef JJ_SCHEMA_COMPILE_H
#define JJ_SCHEMA_COMPILE_H

#include "base/buf.h"
#include "schema/program.h"

/* Schemas within schemas in one document. */
#define JJ_COMPILE_DEPTH_MAX 256
#define JJ_COMPILE_FILES_MAX 1024
#define JJ_COMPILE_NODES_MAX 100000
#define JJ_COMPILE_FILE_MAX  (4 * 1024 * 1024)

typedef struct jj_document {
    const char *name; /* in errors: the file's path, or what the caller calls it */
    const char *path; /* NULL: not from a file */
    const char *dir;  /* of its relative references; NULL: it may have none */
    const char *id;   /* $id that is not just the file's own name; NULL: none */
    bool dialect;     /* declares $schema */
    const json_t *json;
    json_t *places; /* JSON pointers of its schemas and "#" anchors, to indexes of nodes; owned */
} jj_document;

struct jj_reference; /* a $ref whose target is looked up once all of its file is compiled */

typedef struct jj_compiler {
    jj_library *library;
    jj_error *err;
    jj_document documents[JJ_COMPILE_FILES_MAX];
    size_t document_count;
    size_t document; /* that is being compiled */
    jj_buf pointer;  /* to what is being compiled */
    unsigned depth;
    jj_node **nodes; /* all, in the order of their making */
    size_t node_count, node_capacity;
    struct jj_reference *references;
    size_t reference_count, reference_capacity;
} jj_compiler;

/* One keyword: what compiles it, and whatever number that needs. The compiler's pointer stands
 * at the keyword during the call. */
typedef struct jj_keyword jj_keyword;
typedef int jj_keyword_fn(jj_compiler *c, jj_node *node, const jj_keyword *keyword,
                          const json_t *value);
struct jj_keyword {
    const char *name;
    jj_keyword_fn *compile;
    size_t detail;
};

/* Ended by a keyword without a name. */
extern const jj_keyword jj_value_keywords[];      /* compile_value.c */
extern const jj_keyword jj_applicator_keywords[]; /* compile_applicator.c */
extern const jj_keyword jj_annotation_keywords[]; /* annotation.c */
extern const jj_keyword jj_core_keywords[];       /* reference.c */

/* Fills in the error with file, pointer and text; returns JJ_ECONFIG. */
int jj_compile_refuse(const jj_compiler *c, const char *format, ...) JJ_PRINTF(2, 3);
int jj_compile_memory(const jj_compiler *c); /* returns JJ_EMEMORY */

/* Appends a step to the pointer; returns what jj_compile_leave takes to undo it. */
size_t jj_compile_enter(jj_compiler *c, const char *name, size_t length);
size_t jj_compile_enter_index(jj_compiler *c, size_t index);
void jj_compile_leave(jj_compiler *c, size_t mark);

/* Compiles the schema at the pointer. *node is owned by the library. */
int jj_compile_node(jj_compiler *c, const json_t *json, jj_node **node);

/* *regex is owned by the library. */
int jj_compile_regex(jj_compiler *c, const char *text, size_t length, const jj_regex **regex);

/* Compiles all of the document at this index. *root is its root. */
int jj_compile_document(jj_compiler *c, size_t index, jj_node **root);

/* Takes json in any case; the library owns it. */
int jj_compile_keep(jj_compiler *c, json_t *json);

/* Adds a document; json is taken in any case. */
int jj_compile_add_document(jj_compiler *c, json_t *json, const char *name, const char *path,
                            const char *dir, size_t *index);

/* $ref found at the current place. */
int jj_reference_add(jj_compiler *c, jj_node *node, const char *text);

/* Resolves all references, reading further files. */
int jj_reference_resolve_all(jj_compiler *c);

/* Refuses schemas that lead back to themselves without going into the value, or that stand too
 * deep in one another. */
int jj_reference_check_cycles(jj_compiler *c);

/* Groups of rules, made on first use; NULL without memory. */
jj_number_rules *jj_compile_number(jj_compiler *c, jj_node *node);
jj_string_rules *jj_compile_string(jj_compiler *c, jj_node *node);
jj_array_rules *jj_compile_array(jj_compiler *c, jj_node *node);
jj_object_rules *jj_compile_object(jj_compiler *c, jj_node *node);
jj_logic *jj_compile_logic(jj_compiler *c, jj_node *node);

/* What can only be settled once all keywords of a schema are known. */
int jj_compile_finish_format(jj_compiler *c, jj_node *node);

/* Refuses what is not a number of things (a whole number from 0; 2.0 is one). Larger than any
 * size: *size is SIZE_MAX. */
int jj_compile_size(const jj_compiler *c, const json_t *value, size_t *size);

#endif

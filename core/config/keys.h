/*
 * Tables of keys. A mapping of the configuration is described by one table; the table drives
 * reading, checking, "did you mean", defaults and the manual page, so that none of these can
 * drift from the others.
 */
#ifndef JJ_CONFIG_KEYS_H
#define JJ_CONFIG_KEYS_H

#include "config/findings.h"
#include "config/pool.h"
#include "config/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_key jj_key;

/* What reading needs beside the tree. */
typedef struct jj_reader {
    const char *file;      /* for messages */
    const char *dir;       /* relative paths start here */
    jj_pool *pool;         /* holds what is made of the values */
    jj_findings *findings; /* takes every problem */
} jj_reader;

/* Reads node into out, whose C type belongs to the key type. What is wrong goes to the reader's
 * findings, and out keeps what it was. */
typedef void (*jj_key_read)(jj_reader *reader, const jj_key *key, const jj_yaml_node *node,
                            void *out);

typedef struct jj_key_type {
    const char *name; /* for the manual: "path", "duration", "list of region codes" */
    jj_key_read read;
} jj_key_type;

struct jj_key {
    const char *name; /* NULL ends a table */
    const jj_key_type *type;
    size_t offset;       /* of the value in the struct that the mapping is read into */
    const char *initial; /* default, as it would be written in the file; NULL: none */
    int64_t min, max;    /* of numbers, durations, sizes; both 0: any */
    bool required;
    const jj_key *members; /* table of a mapping, or of each entry of a list of mappings */
    const char *doc;       /* one line for the manual */
};

/* Reads a mapping into the struct at out by its table. A key without a value counts as absent. */
void jj_keys_read(jj_reader *reader, const jj_key *table, const jj_yaml_node *mapping, void *out);

/* A problem with a node, at its place. */
void jj_reader_complain(jj_reader *reader, const jj_yaml_node *node, const char *format, ...)
    JJ_PRINTF(3, 4);

/* The text of a node that must be a scalar; NULL (and a finding) if it is none. */
const char *jj_reader_scalar(jj_reader *reader, const jj_key *key, const jj_yaml_node *node);

/* ", did you mean "x"?" written to hint, or "" where nothing is near enough. Returns hint. */
#define JJ_HINT_SIZE 96
const char *jj_did_you_mean(char hint[JJ_HINT_SIZE], const char *word, const char *const *words);

/* Types for any table: the C type that they write stands behind. */
extern const jj_key_type jj_key_text;     /* const char * */
extern const jj_key_type jj_key_path;     /* const char *, absolute */
extern const jj_key_type jj_key_integer;  /* int64_t */
extern const jj_key_type jj_key_duration; /* int64_t, milliseconds */
extern const jj_key_type jj_key_size;     /* int64_t, bytes */
extern const jj_key_type jj_key_boolean;  /* int64_t, 0 or 1 */
extern const jj_key_type jj_key_mapping;  /* the struct of `members`, in place */
extern const jj_key_type jj_key_tree;     /* const jj_yaml_node *: a mapping, unread */

/* Owned by the pool: path made absolute from the reader's folder, without empty and "." parts. */
const char *jj_reader_path(jj_reader *reader, const char *path);

#endif

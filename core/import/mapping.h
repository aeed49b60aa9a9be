/*
 * Which column of a file is which property of an event type: the header's cells against the
 * schema's x-column synonyms, folded. A new event type can so be imported without new code.
 *
 * Properties of nested objects are leaves like the others. Beside them a file may have the
 * reserved columns: region, correction, subject (the person key), a running number, and the
 * "Alasan ditolak" that a reject file of ours has.
 */
#ifndef JJ_IMPORT_MAPPING_H
#define JJ_IMPORT_MAPPING_H

#include "base/buf.h"
#include "schema/catalogue.h"
#include "table/table.h"

#include <stdbool.h>
#include <stddef.h>

#define JJ_REASON_COLUMN "Alasan ditolak"
#define JJ_NO_COLUMN     SIZE_MAX

/* A property with a value of its own, at any depth of `data`. */
typedef struct jj_leaf {
    const jj_property *property; /* the catalogue's */
    char pointer[128];           /* JSON pointer in data, e.g. "/disability/category" */
    bool required;               /* it and all objects around it */
    size_t column;               /* JJ_NO_COLUMN: the file has none */
    size_t rank;                 /* of the synonym that matched: the smaller, the better */
} jj_leaf;

enum jj_target {
    JJ_TARGET_UNKNOWN, /* told, and left out */
    JJ_TARGET_LEAF,
    JJ_TARGET_REGION,
    JJ_TARGET_CORRECTION,
    JJ_TARGET_SUBJECT,
    JJ_TARGET_NUMBER, /* running number: left out silently */
    JJ_TARGET_REASON, /* of a reject file: left out silently */
    JJ_TARGET_SPARE,  /* would fit a leaf that a better column has: told, and left out */
};

typedef struct jj_column {
    char *title; /* as in the file, trimmed */
    enum jj_target target;
    size_t leaf; /* of JJ_TARGET_LEAF and JJ_TARGET_SPARE */
} jj_column;

typedef struct jj_mapping {
    const jj_type *type;
    jj_leaf *leaves; /* in the order of the schema, depth first */
    size_t leaf_count;
    jj_column *columns;
    size_t column_count;
    size_t region, correction, subject; /* columns; JJ_NO_COLUMN where absent */
    size_t recognised;                  /* columns with a target */
    uint64_t row;                       /* of the header */
} jj_mapping;

/* Fills a zeroed mapping with the leaves of type (borrowed). JJ_EMEMORY. */
int jj_mapping_init(jj_mapping *mapping, const jj_type *type, jj_error *err);
void jj_mapping_clear(jj_mapping *mapping);

/* Reads a header row, replacing what an earlier one gave. JJ_EMEMORY. */
int jj_mapping_read(jj_mapping *mapping, const jj_row *header, jj_error *err);

/* 0 if a file with this header can be imported. Else JJ_EINVALID: required columns are missing,
 * or one is there twice. reason is for the author of the file, in Indonesian; it names columns of
 * the file only if the row is a header beyond doubt. err is for the log and names none. */
int jj_mapping_check(const jj_mapping *mapping, jj_buf *reason, jj_error *err);

/* The leaf at or around a JSON pointer into data ("/data" before it is skipped); NULL if none. */
const jj_leaf *jj_mapping_leaf(const jj_mapping *mapping, const char *pointer);

/* What the author of the file calls a leaf: his column, else the schema's title. */
const char *jj_mapping_title(const jj_mapping *mapping, const jj_leaf *leaf);

/* True for the property that carries a NIK. */
bool jj_leaf_is_nik(const jj_leaf *leaf);

/* True if events of this type are about a person whom the file must name. */
bool jj_type_is_person(const jj_type *type);

#endif

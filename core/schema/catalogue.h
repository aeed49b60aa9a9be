/*
 * The catalogue: every event type that this node knows, read from a folder of schema files
 * (<type>.json, names that begin with "_" are only referenced). It answers what a type's subject
 * is, who may say it, and for each property of `data` its class, audiences and column names.
 *
 * A catalogue is immutable. A reload opens a new one and closes the old.
 */
#ifndef JJ_SCHEMA_CATALOGUE_H
#define JJ_SCHEMA_CATALOGUE_H

#include "jejaring/error.h"

#include "schema/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_catalogue jj_catalogue;

enum jj_class {
    JJ_CLASS_NONE = 0, /* not classified: visible to nobody */
    JJ_CLASS_PUBLIC,
    JJ_CLASS_INTERNAL,
    JJ_CLASS_PERSONAL,
    JJ_CLASS_SPECIFIC,
};

enum jj_kind {
    JJ_KIND_STRING,
    JJ_KIND_INTEGER,
    JJ_KIND_NUMBER,
    JJ_KIND_BOOLEAN,
    JJ_KIND_ARRAY, /* of the scalar kind in `items` */
    JJ_KIND_OBJECT,
};

/* One property, $ref resolved: the annotations beside a $ref win over those at its target. All
 * is owned by the catalogue. Absent strings are NULL. */
typedef struct jj_property {
    const char *name; /* the member's name */
    const char *title;
    const char *description;
    enum jj_class class;
    uint32_t audience; /* bits of jj_audience */
    uint32_t consent;  /* x-consent: audiences that see it only with the person's consent */
    bool vault;        /* x-vault */
    bool key;          /* x-key: part of the natural key */
    bool required;
    const char *entity; /* x-entity: kind of the entity that it refers to */
    enum jj_kind kind;
    enum jj_kind items;              /* of a JJ_KIND_ARRAY */
    const char *format;              /* of the string, or of the array's items */
    const char *const *columns;      /* x-column, folded (jj_fold), ended by NULL; never NULL */
    const char *const *column_names; /* the same as written */
    const json_t *values;    /* x-values: object from folded cell text to the value; may be NULL */
    const json_t *spellings; /* the same as the schema writes it, for people; may be NULL */
    const json_t *choices;   /* enum: array of allowed values; may be NULL */
    const struct jj_property *members; /* of a JJ_KIND_OBJECT */
    size_t member_count;
} jj_property;

#define JJ_TYPE_VERSION_MAX 9999

typedef struct jj_type {
    const char *name; /* "alumni.graduated" */
    const char *title;
    const char *subject;     /* x-subject: "person", "vacancy", ... */
    uint32_t publishers;     /* x-publisher, as bits of jj_audience */
    uint32_t addressed;      /* x-addressed: audiences that see what is addressed to them alone */
    int version;             /* x-version; 1 without it */
    bool has_vault;          /* any property (at any depth) is x-vault */
    const jj_schema *schema; /* of `data` */
    const jj_property *properties;
    size_t property_count;
    size_t index; /* position in the catalogue, which is sorted by name */
} jj_type;

/* Compiles every type. On error err tells file and pointer; code JJ_ECONFIG. *catalogue is new. */
int jj_catalogue_open(jj_catalogue **catalogue, const char *dir, jj_error *err);
void jj_catalogue_close(jj_catalogue *catalogue);

size_t jj_catalogue_count(const jj_catalogue *catalogue);
const jj_type *jj_catalogue_at(const jj_catalogue *catalogue, size_t index);

/* NULL if there is no such type. Constant time: it is asked for each event. */
const jj_type *jj_catalogue_find(const jj_catalogue *catalogue, const char *name, size_t length);

/* The type whose name is nearest, for "did you mean"; may be NULL. */
const jj_type *jj_catalogue_nearest(const jj_catalogue *catalogue, const char *name);

/* True if a member of this name would hold contact: folded (jj_fold), it is the name or a column of
 * a property that some type sends to the vault. Constant time. */
bool jj_catalogue_is_contact(const jj_catalogue *catalogue, const char *name);

/* The property of this name at the top of data, NULL if there is none. type is one of a
 * catalogue's. Constant time. */
const jj_property *jj_type_property(const jj_type *type, const char *name);

#endif

/*
 * From a compiled schema to the properties that the catalogue lists: $ref followed, annotations
 * merged, columns and cell values folded. Refuses what the catalogue could not say truly: a
 * property of no single type, two properties with one column, and annotations in places where
 * nothing would ever look for them. Private to this room.
 */
#ifndef JJ_SCHEMA_PROPERTY_H
#define JJ_SCHEMA_PROPERTY_H

#include "schema/catalogue.h"
#include "schema/program.h"

typedef struct jj_property_maker {
    const jj_schema *schema;
    jj_arena *arena; /* of what is made; lives as long as the properties */
    json_t *kept;    /* array that keeps what is made of JSON alive */
    json_t *columns; /* object: folded column to the property that has it, for one type */
    jj_error *err;
    unsigned depth;
    bool has_vault; /* set when any property is */
} jj_property_maker;

/* The properties of an object's schema. *list is in the arena. JJ_ECONFIG, JJ_EMEMORY. */
int jj_property_list(jj_property_maker *maker, jj_node *object, jj_property **list, size_t *count);

/* Refuses x- annotations that no call of jj_property_list has come by. */
int jj_property_check_reached(jj_property_maker *maker, jj_node *root);

/* The annotation of a schema; those beside a $ref win over those at its target. NULL: none. */
const json_t *jj_property_annotation(const jj_node *node, const char *keyword);

/* Fills in the error with where node came from; returns JJ_ECONFIG. */
int jj_property_refuse(const jj_property_maker *maker, const jj_node *node, const char *format, ...)
    JJ_PRINTF(3, 4);

/* x-audience or x-publisher as bits. */
uint32_t jj_property_audiences(const jj_node *node, const char *keyword);

#endif

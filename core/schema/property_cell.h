/*
 * What a property is called and how its values are written in the files that officials send.
 * Private to this room.
 */
#ifndef JJ_SCHEMA_PROPERTY_CELL_H
#define JJ_SCHEMA_PROPERTY_CELL_H

#include "schema/property.h"

/* Fills in columns, column_names and values. node is the property's schema, cell that of the
 * value in a cell (of the items, for an array). JJ_ECONFIG, JJ_EMEMORY. */
int jj_property_describe_cell(jj_property_maker *maker, const jj_node *node, const jj_node *cell,
                              jj_property *property);

#endif

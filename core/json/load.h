/*
 * JSON text to jansson values under limits that hold before anything is parsed: size and depth.
 * Duplicate member names are refused. Error texts give line and column and never quote the input
 * (jansson's own texts do).
 */
#ifndef JJ_JSON_LOAD_H
#define JJ_JSON_LOAD_H

#include "jejaring/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define JJ_JSON_DEPTH_MAX  64   /* nested arrays and objects */
#define JJ_JSON_VALUES_MAX 4096 /* for those who ask: see below */

/* *value is new. Errors: JJ_EMALFORMED with line and column, JJ_ETOO_LARGE (depth, or more than
 * max_bytes), JJ_EMEMORY. */
int jj_json_load(json_t **value, const char *text, size_t size_bytes, size_t max_bytes,
                 jj_error *err);

/* True if a text that comes from somewhere else has so many members or elements (more commas than
 * JJ_JSON_VALUES_MAX, wherever they stand) that it would cost tens of milliseconds. Texts of less
 * than 16 KiB are not looked at. */
bool jj_json_is_wide(const char *text, size_t size_bytes);

/* The same from a file, for schemas and the like; err->file is set. */
int jj_json_load_file(json_t **value, const char *path, size_t max_bytes, jj_error *err);

/* The text of a value: new, or NULL without memory. flags are jansson's (JSON_COMPACT ...), whose
 * own json_dumps goes on when its buffer cannot grow, and gives a text that lacks a part. */
char *jj_json_text(const json_t *value, size_t flags);

/* The array (the object) with one more value, which is taken; without memory for that NULL, and
 * everything is released. Thus a list is whole or not there, and is looked at once, when it is. */
json_t *jj_json_append(json_t *array, json_t *value);
json_t *jj_json_put(json_t *object, const char *name, json_t *value);

/* String member of an object, or NULL if it is absent or not a string. Borrowed. */
const char *jj_json_string(const json_t *object, const char *name);

#endif

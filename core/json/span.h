/*
 * Spans over JSON text: walks the members of an object in place, so that a text can be cut and
 * joined without a single byte of what stays being written anew (jansson would turn 0.1 into
 * 0.10000000000000001).
 *
 * The text must already have been accepted by jj_json_load: nothing here reports malformed JSON;
 * on text that is not JSON the walk ends early, but never reads beyond the text.
 */
#ifndef JJ_JSON_SPAN_H
#define JJ_JSON_SPAN_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct jj_span {
    const char *at;
    size_t size_bytes;
} jj_span;

typedef struct jj_member {
    jj_span name;  /* between the quotes, escapes as they stand */
    jj_span value; /* whole, without surrounding white space; never empty */
} jj_member;

typedef struct jj_members {
    const char *next, *end;
} jj_members;

/* Starts at an object's text (with its braces). Not an object: there are no members. */
void jj_members_start(jj_members *walk, jj_span object);
bool jj_members_next(jj_members *walk, jj_member *member);

/* True if the span is exactly this text; for names: text has no characters that need escapes. A
 * name written with needless escapes ("\u0069d") does not compare equal: see jj_span_unescape. */
bool jj_span_is(jj_span span, const char *text);

/* The value of one member by name, wherever an escape-free comparison finds it. */
bool jj_span_find(jj_span object, const char *name, jj_span *value);

/* Appends the text of a string value (span with its quotes) unescaped, in UTF-8. False if the
 * span is not a string. */
bool jj_span_unescape(jj_span string, jj_buf *out);

/* True if any member name of the text's top level contains a backslash: such texts are
 * normalised before they are cut. */
bool jj_span_has_escaped_names(jj_span object);

#endif

/*
 * An XML part of a workbook, read as a stream of events (expat). The reader can pause inside an
 * event handler and go on later, which turns expat's pushing into pulling.
 *
 * Guarantees: no DTD (so no entities of its own), no nesting deeper than 64 elements, no tag or
 * other piece of markup longer than 1 MiB.
 */
#ifndef JJ_TABLE_XML_H
#define JJ_TABLE_XML_H

#include "table/package.h"

#include <stdbool.h>

typedef struct jj_xml jj_xml;

/* Names come without their namespace prefix. attributes: name, value, name, value ..., NULL. */
typedef struct jj_xml_handlers {
    void (*start)(void *arg, const char *name, const char **attributes);
    void (*end)(void *arg, const char *name);
    void (*text)(void *arg, const char *text, int length); /* in pieces; may be NULL */
} jj_xml_handlers;

/* handlers is borrowed for the reader's life. *xml is new. JJ_ENOTFOUND: no such part. */
int jj_xml_open(jj_xml **xml, jj_package *package, const char *part,
                const jj_xml_handlers *handlers, void *arg, jj_refusal *why);
void jj_xml_close(jj_xml *xml);

/* Reads on: 1 a handler has paused, 0 the part is at its end, or an error. */
int jj_xml_run(jj_xml *xml, jj_refusal *why);

/* For handlers: pause after this event. */
void jj_xml_pause(jj_xml *xml);

/* For handlers: end with this error, which jj_xml_run reports. */
void jj_xml_fail(jj_xml *xml, enum jj_fault fault, int code, const char *text);

/* Reads a whole part. As jj_xml_open, run and close; *self is set before the first event, so that
 * handlers can fail. */
int jj_xml_read(jj_package *package, const char *part, const jj_xml_handlers *handlers, void *arg,
                jj_xml **self, jj_refusal *why);

/* The value of an attribute by its name without prefix; NULL if it is absent. */
const char *jj_xml_attribute(const char **attributes, const char *name);

uint64_t jj_xml_position(const jj_xml *xml, uint64_t *total);

#endif

/*
 * What the import tests share: the schemas and lists of tests/data/tables/schemas, a hub that keeps
 * (id, text) in memory and answers as the real one does, and folders to work in.
 */
#ifndef IMPORT_HUB_H
#define IMPORT_HUB_H

#include "import/import.h"
#include "schema/catalogue.h"

#include <jansson.h>

struct hub {
    jj_catalogue *catalogue;
    jj_reference *reference;
    json_t *events; /* id to the text */
    json_t *log;    /* texts in the order in which they were accepted */
    int away;       /* the next so many batches fail */
    size_t batches, biggest;
    jj_import_verdict refuse; /* what a refused event gets */
    const char *refuse_mark;  /* events that contain this are refused; NULL: none */
    char folder[64];          /* an empty folder, removed by hub_close */
};

void hub_open(struct hub *hub);
void hub_close(struct hub *hub);

const jj_type *hub_type(const struct hub *hub, const char *name);

/* Options with this hub as the sink, for a type; no reject folder. */
jj_import_options hub_options(struct hub *hub, const char *type);

int hub_publish(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                jj_error *err);

/* Writes a file below the hub's folder, making its parents; *path (may be NULL) is owned by the
 * caller. */
void hub_write(const struct hub *hub, const char *name, const char *text, char **path);

/* The content of a file, owned; NULL if there is none. */
char *hub_read(const struct hub *hub, const char *name);

#endif

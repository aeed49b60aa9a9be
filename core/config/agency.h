/*
 * The agencies that this node knows: one YAML file each in the folder `agencies` of the
 * configuration. An agency is its CURVE key; its id is what its rights, its consumers and the log
 * go by.
 *
 * Guarantees: in a list that exists every id and every key is unique, and every audience, region
 * and key is well formed. All problems of all files are reported with their positions.
 *
 * Not here: what an agency may do (event/rights.h), and whether the types that it may publish exist
 * (the catalogue knows).
 */
#ifndef JJ_CONFIG_AGENCY_H
#define JJ_CONFIG_AGENCY_H

#include "base/buf.h"
#include "config/config.h"
#include "config/findings.h"

#include <stdint.h>

#define JJ_AGENCIES_MAX 2000

typedef struct jj_agency {
    const char *file;       /* where it stands */
    const char *id;         /* lower case letters, digits, - and _ */
    const char *name;       /* for people */
    uint32_t audiences;     /* bits of enum jj_audience; never `node` */
    jj_words regions;       /* never empty */
    jj_words sees;          /* regions that it may read; empty: the same */
    jj_words publishes;     /* event types; may be empty: it only reads */
    const char *node;       /* the node that reports by this key; NULL: it is none */
    const char *public_key; /* CURVE, Z85; NULL: it comes in by an endpoint that names it */
    int64_t revoked;        /* 1: known, but let in nowhere */
} jj_agency;

typedef struct jj_agencies {
    jj_agency *list; /* in order of file name */
    size_t count;
} jj_agencies;

/* Reads every *.yaml of the folder; a missing folder holds none. A file with a problem is left
 * out, and findings has its problems. *agencies is new. Returns 0 if there was no problem,
 * JJ_ECONFIG with the good ones in *agencies, or JJ_EMEMORY. */
int jj_agencies_load(const jj_agencies **agencies, const char *dir, jj_findings *findings);
void jj_agencies_free(const jj_agencies *agencies);

/* Whether text would do as the file of one agency, whatever the others are. file is for messages.
 * Returns 0, JJ_ECONFIG or JJ_EMEMORY. */
int jj_agency_judge(const char *file, const jj_buf *text, jj_findings *findings);

const jj_agency *jj_agencies_find(const jj_agencies *agencies, const char *id);
/* The first that is this node and not revoked. */
const jj_agency *jj_agencies_by_node(const jj_agencies *agencies, const char *node);
const jj_agency *jj_agencies_by_key(const jj_agencies *agencies, const char *public_key);

#endif

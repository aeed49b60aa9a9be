/*
 * What the commands about agencies share: an agency's file, and the connection bundle, a folder
 * with everything that the agency needs to come in.
 */
#ifndef JJ_CTL_AGENCY_H
#define JJ_CTL_AGENCY_H

#include "base/buf.h"
#include "config/agency.h"
#include "ctl/ctl.h"
#include "wire/wire.h"

/* ---- agency_file.c ---- */

/* Appends the file of an agency. Lines of `before` (NULL: none) that are comments stay at its
 * head. */
void jj_agency_write(const jj_agency *agency, const char *before, jj_buf *out);

/* Replaces the agency's file by what stands in *agency now; its comment lines are kept. */
int jj_agency_replace(const jj_agency *agency, jj_error *err);

/* ---- agency_bundle.c ---- */

typedef struct jj_bundle {
    const char *folder; /* must not exist yet */
    const jj_agency *agency;
    const char *node;
    char endpoint[256];
    char bell[256]; /* empty: agencies do not hear it */
    char server_key[JJ_Z85_SIZE];
    char secret_key[JJ_Z85_SIZE]; /* empty: the agency holds it, and it is not in the bundle */
    char public_key[JJ_Z85_SIZE];
} jj_bundle;

/* Fills in where and by which key the node is reached. host: the name for the world of a node
 * that listens at every address; NULL: this machine's. JJ_ECONFIG if no endpoint speaks CURVE. */
int jj_bundle_address(jj_bundle *bundle, const jj_config *config, const char *host, jj_error *err);

/* Makes the folder (0700), the secret key in it 0600. */
int jj_bundle_write(const jj_bundle *bundle, jj_error *err);

#endif

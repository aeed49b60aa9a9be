/*
 * The secrets of a node and what is sealed with them.
 *
 * The person key is the province's: every node of a province holds the same one, so that a person
 * has one key everywhere. The node key is this node's alone and seals what must not be readable
 * in the journal: contacts in the vault, and rejected events in quarantine
 * (XChaCha20-Poly1305, random nonce in front).
 */
#ifndef JJ_EVENT_SECRET_H
#define JJ_EVENT_SECRET_H

#include "jejaring/error.h"

#include "base/buf.h"
#include "base/id.h"
#include "json/span.h"

#include <stdbool.h>

typedef struct jj_secrets {
    unsigned char person_key[JJ_KEY_SIZE];
    unsigned char node_key[JJ_KEY_SIZE];
    unsigned char digest_key[16]; /* derived from the node key, for digests of events */
} jj_secrets;

/* Reads a key file: 64 hexadecimal digits, readable by its owner only. A credential of the same
 * name counts before it, here and below: see jj_secret_path. */
int jj_key_load(const char *path, unsigned char key[JJ_KEY_SIZE], jj_error *err);

/* Makes a key file of mode 0600 with random digits; JJ_ECONFIG if path is there already: a key is
 * never overwritten. */
int jj_key_new(const char *path, jj_error *err);

/* Where the person key is when the configuration names no file for it. The caller frees. */
char *jj_person_key_default(const char *state_dir);

/* Loads both. person_key NULL: the default file, made if it is missing (*made is then true, so
 * that the administrator can be told to copy the province's). The node key is <state_dir>/node.key
 * and made if it is missing. */
int jj_secrets_open(jj_secrets *secrets, const char *person_key, const char *state_dir, bool *made,
                    jj_error *err);

/* A mark by which the same person key is known again: 32 hexadecimal digits that give nothing of it
 * away. */
#define JJ_KEY_MARK_SIZE 33
void jj_person_key_mark(const unsigned char person_key[JJ_KEY_SIZE], char mark[JJ_KEY_MARK_SIZE]);

/* The key under which the import makes ids: derived from the person key, so that an id tells no
 * more about a NIK than the person key itself does. */
void jj_import_key(const unsigned char person_key[JJ_KEY_SIZE], unsigned char key[JJ_KEY_SIZE]);

/* Appends text sealed with the node key. purpose ("vault", "quarantine") and label (e.g. a person
 * key) are bound to it: it opens only with the same ones. */
int jj_seal(const jj_secrets *secrets, const char *purpose, const char *label, jj_span text,
            jj_buf *out);
/* JJ_EINVALID if it was not sealed with this key, purpose and label, or was altered. */
int jj_unseal(const jj_secrets *secrets, const char *purpose, const char *label, jj_span sealed,
              jj_buf *out);

#endif

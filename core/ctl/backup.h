/*
 * A backup of a node: a folder with a copy of its journal, its keys, its agencies and its
 * configuration, and a list of them with their checksums. What is in it is as secret as the node:
 * folder mode 0700, files 0600.
 *
 *   MANIFEST.json          written last: a folder without it is no backup
 *   journal.db             the journal as it was at one moment
 *   keys/node.key          opens the vault and quarantine in it
 *   keys/person.key        the province's: without it the same NIK gets another person key
 *   keys/server.key        if the node has one
 *   config/jejaringd.yaml  for reading; a restore does not put it back
 *   config/agencies.d/     one file an agency
 *
 * Not here: the PostgreSQL database (pg_dump), inboxes, schemas, programs.
 */
#ifndef JJ_CTL_BACKUP_H
#define JJ_CTL_BACKUP_H

#include "jejaring/error.h"

#include "config/config.h"

#include <jansson.h>

#define JJ_BACKUP_MANIFEST "MANIFEST.json"
#define JJ_BACKUP_LAST                                                                             \
    "last-backup.json" /* in the state folder: when and where the last one is                      \
                        */

/* One file of a backup and where the node has it. */
typedef struct jj_backup_file {
    char *name;   /* owned; below the backup's folder */
    char *path;   /* owned; in the node */
    bool is_key;  /* left out of a backup without keys */
    bool putback; /* a restore puts it where it was */
} jj_backup_file;

typedef struct jj_backup_files {
    jj_backup_file *list; /* owned */
    size_t count;
} jj_backup_files;

/* All files of a node but the journal. Zero-initialise; clear when done. */
int jj_backup_list(const jj_config *config, jj_backup_files *files, jj_error *err);
void jj_backup_list_clear(jj_backup_files *files);

/* Copies a file durably; the new one has mode 0600 and must not be there. */
int jj_backup_copy(const char *from, const char *to, jj_error *err);

/* BLAKE2b-256 of a file in hexadecimal. */
int jj_backup_digest(const char *path, char hex[65], jj_error *err);

#endif

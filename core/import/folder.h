/*
 * One type's subfolder of an inbox with its done/ and rejected/, and which of its entries are files
 * to be read.
 */
#ifndef JJ_IMPORT_FOLDER_H
#define JJ_IMPORT_FOLDER_H

#include "import/import.h"
#include "import/paper.h"

typedef struct jj_folder {
    const jj_type *type;
    char *path;              /* owned */
    int dir, done, rejected; /* descriptors; -1 */
    int watch;               /* of inotify; -1 */
} jj_folder;

/* Makes and opens the folders below base. Errors name the path. */
int jj_folder_open(jj_folder *folder, const char *base, const jj_type *type, jj_error *err);
void jj_folder_close(jj_folder *folder);

/* True if somebody has removed the folder from under us: close and open it again. */
bool jj_folder_is_gone(const jj_folder *folder);

/* False for names that hidden, temporary and half-copied files have. */
bool jj_name_is_wanted(const char *name);

/* Calls visit for each wanted name in the folder. */
int jj_folder_scan(const jj_folder *folder, void (*visit)(void *arg, const char *name), void *arg,
                   jj_error *err);

/* A file name for a log or a note: control characters and long numbers (a NIK, perhaps) masked. */
void jj_name_show(const char *name, char out[JJ_NAME_SIZE]);

/* Moves a file that was read to done/, with a note beside it if there is something to say of it
 * (Indonesian, <name>.catatan.txt). */
int jj_folder_finish(const jj_folder *folder, const char *name, const jj_import_result *result,
                     char kept[JJ_NAME_SIZE], jj_error *err);

/* Moves a file that was refused to rejected/, with a note that says why (<name>.alasan.txt). */
int jj_folder_refuse(const jj_folder *folder, const char *name, const jj_import_result *result,
                     char kept[JJ_NAME_SIZE], jj_error *err);

#endif

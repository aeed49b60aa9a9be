/*
 * An inbox: a folder with one subfolder for each event type, into which officials drop files. A
 * file counts when it is renamed into its subfolder or closed after writing; those that are there
 * at the start count too.
 *
 *   inbox/blk/alumni.graduated/alumni.csv             comes in here
 *   inbox/blk/alumni.graduated/done/alumni.csv        and ends here when it has been read
 *   inbox/blk/alumni.graduated/done/alumni.csv.catatan.txt    what is worth knowing, if anything
 *   inbox/blk/alumni.graduated/rejected/alumni.ditolak.csv    its failed rows, to be corrected
 *   inbox/blk/alumni.graduated/rejected/alumni.csv            or the whole file, if refused
 *   inbox/blk/alumni.graduated/rejected/alumni.csv.alasan.txt and why
 *
 * Guarantees: no file is deleted or overwritten. A file leaves its place only when all its good
 * rows are durable in the hub and its failed ones in the reject file. Whatever interrupts it
 * (crash, hub away, full disk), it is read again from the beginning, which does nothing twice.
 * Symbolic links, hidden and temporary files are left alone.
 *
 * Not here: a loop. The host watches the descriptor and calls; a call works on one batch of rows.
 * It logs what became of each file, by the file's name, never by its content.
 */
#ifndef JJ_IMPORT_INBOX_H
#define JJ_IMPORT_INBOX_H

#include "import/import.h"

#include <stdint.h>

typedef struct jj_inbox jj_inbox;

enum jj_inbox_outcome {
    JJ_INBOX_DONE,    /* read; result says how many rows failed */
    JJ_INBOX_REFUSED, /* the file as a whole */
    JJ_INBOX_LATER,   /* not now: err says why; it is tried again */
};

/* Borrowed for the length of the call. */
typedef struct jj_inbox_file {
    const jj_type *type;
    const char *name; /* as it was dropped */
    const char *kept; /* as it is now called in done/ or rejected/; empty for JJ_INBOX_LATER */
    enum jj_inbox_outcome outcome;
    const jj_import_result *result;
    const jj_error *err; /* of a refusal or a delay */
} jj_inbox_file;

/* Borrowed until jj_inbox_close, but for the array of types. */
typedef struct jj_inbox_options {
    const char *folder; /* absolute; made if it is missing, with its subfolders */
    const jj_type *const *types;
    size_t type_count;
    jj_import_options import; /* for all files; type and reject_folder are filled in here */
    int64_t settle_ms;        /* a file found by looking must be this old; 0: 2,000 */
    int64_t rescan_ms;        /* how often to look without being told; 0: 60,000 */
    void (*on_file)(void *arg, const jj_inbox_file *file); /* may be NULL */
    void *arg;                                             /* of on_file */
} jj_inbox_options;

/* Makes the folders, begins to watch and looks for files. JJ_ESYSTEM with the path. *inbox is
 * new. */
int jj_inbox_open(jj_inbox **inbox, const jj_inbox_options *options, jj_error *err);
void jj_inbox_close(jj_inbox *inbox);

/* Becomes readable when files come in; then call jj_inbox_notice. -1: the kernel gives none, and
 * the folder is looked at every 10 seconds. */
int jj_inbox_descriptor(const jj_inbox *inbox);

/* Takes note of the files that have come in. Never blocks. */
void jj_inbox_notice(jj_inbox *inbox);

/* Works on one batch of rows, or begins or ends a file. Returns in how many milliseconds it wants
 * to be called again: 0 at once, there is more to do. */
int64_t jj_inbox_work(jj_inbox *inbox);

/* Files that are waiting or under way. */
size_t jj_inbox_pending(const jj_inbox *inbox);

#endif

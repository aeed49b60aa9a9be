/*
 * What is written to the author of a file, in Indonesian, beside the file itself: why it was
 * refused, or what is worth knowing about one that was read.
 */
#ifndef JJ_IMPORT_LETTER_H
#define JJ_IMPORT_LETTER_H

#include "import/import.h"

/* Why the file called name is refused. */
void jj_letter_refused(jj_buf *out, const char *name, const jj_type *type,
                       const jj_import_result *result);

/* Columns and sheets that were not used, and the warnings; nothing if there is nothing to say. */
void jj_letter_remarks(jj_buf *out, const char *name, const jj_import_result *result);

#endif

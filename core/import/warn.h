/*
 * What is odd about a row but does not stop it: a NIK that does not fit the rest. People move, and
 * cards have mistakes; so these are told to the author and nothing else comes of them.
 */
#ifndef JJ_IMPORT_WARN_H
#define JJ_IMPORT_WARN_H

#include "import/record.h"

/* Appends to record->warnings. */
void jj_warn_nik(jj_record *record, const jj_recorder *recorder);

#endif

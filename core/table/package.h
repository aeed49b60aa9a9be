/*
 * A workbook's ZIP archive (libzip): its parts by name, unpacked as a stream.
 *
 * Guarantees: an archive cannot exhaust memory or time. What is unpacked from one archive is
 * bounded in all (JJ_UNPACKED_MAX) and in relation to its packed size (JJ_RATIO_MAX); only stored
 * and deflated parts are read, encrypted ones are refused. What an archive says about its own
 * sizes is not believed: the bytes are counted.
 */
#ifndef JJ_TABLE_PACKAGE_H
#define JJ_TABLE_PACKAGE_H

#include "table/fault.h"

#include <stddef.h>
#include <stdint.h>

typedef struct jj_package jj_package;
typedef struct jj_part jj_part;

/* fd is borrowed during the call only. *package is new. */
int jj_package_open(jj_package **package, int fd, jj_refusal *why);
void jj_package_close(jj_package *package);

/* Opens a part by its name ("xl/workbook.xml", case does not matter). JJ_ENOTFOUND if there is
 * none. *part is new; close it before the package. */
int jj_part_open(jj_part **part, jj_package *package, const char *name, jj_refusal *why);
void jj_part_close(jj_part *part);

/* *got is 0 at the end only. */
int jj_part_read(jj_part *part, void *out, size_t size_bytes, size_t *got, jj_refusal *why);

/* Share of the part that has been read, for a progress bar. */
uint64_t jj_part_position(const jj_part *part, uint64_t *total);

#endif

/*
 * Which character separates the cells of a text file: what a `sep=` line says, else whichever of
 * ; tab , | divides the first rows most evenly, quoted cells left out of account.
 */
#ifndef JJ_TABLE_DELIMITER_H
#define JJ_TABLE_DELIMITER_H

#include <stdbool.h>
#include <stddef.h>

/* text is the beginning of the file (whole: it is all of it). *skip is the length of the `sep=`
 * line, which is no row. Without any of the four, ';'. */
char jj_delimiter_detect(const char *text, size_t size_bytes, bool whole, size_t *skip);

#endif

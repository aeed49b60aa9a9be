/*
 * Numbers as offices write them: 1.500.000, Rp 1.500.000,00, 85,5, 1,500,000.00. Indonesian
 * writing is assumed; where a number means one thing in Indonesian and another in English
 * (1.500 as 1,5 thousand or one and a half), and nothing decides, it is refused, never guessed.
 */
#ifndef JJ_IMPORT_NUMBERS_H
#define JJ_IMPORT_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#define JJ_NUMBER_TEXT 48

/* Writes the number as JSON has it. On failure *why is an Indonesian reason (static). integer:
 * "1.500" is fifteen hundred and a fraction other than zero is refused. */
bool jj_number_read(const char *text, size_t length, bool integer, char out[JJ_NUMBER_TEXT],
                    const char **why);

/* True for what a spreadsheet makes of a number that it finds too long: 3,37502E+15. */
bool jj_number_is_scientific(const char *text, size_t length);

#endif

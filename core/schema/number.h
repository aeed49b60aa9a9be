/*
 * JSON numbers compared and divided as the numbers that they are, whether jansson holds them as
 * an integer or as a double: 1 equals 1.0, 2^53 + 1 does not equal 2^53, and 0.0075 is a multiple
 * of 0.0001.
 *
 * A double stands for the shortest decimal number that reads back as it; digits that the text had
 * beyond a double's precision are lost before they come here.
 */
#ifndef JJ_SCHEMA_NUMBER_H
#define JJ_SCHEMA_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Integers that fit into 64 bits are always held as such, also where the text was 1.0 or 1e3. */
typedef struct jj_number {
    bool real; /* has a fraction or is beyond 64 bits: in `value`; else in `integer` */
    int64_t integer;
    double value;
} jj_number;

/* json must be a number. */
jj_number jj_number_of(const json_t *json);

/* Negative, 0 or positive, as memcmp. */
int jj_number_compare(const jj_number *a, const jj_number *b);

/* True for 3, 3.0 and 1e300. */
bool jj_number_is_integer(const jj_number *number);

/* True if number is divisor times an integer, in exact decimal arithmetic. divisor > 0. */
bool jj_number_is_multiple(const jj_number *number, const jj_number *divisor);

/* Shortest text that reads back as the number; at most 32 bytes with the NUL. */
#define JJ_NUMBER_TEXT 32
void jj_number_format(const jj_number *number, char out[JJ_NUMBER_TEXT]);

#endif

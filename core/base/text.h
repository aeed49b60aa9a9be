/*
 * Small operations on text that more than one room needs: folding of what people type, nearest
 * words for "did you mean", parsing of durations and sizes. No locale is involved anywhere.
 */
#ifndef JJ_BASE_TEXT_H
#define JJ_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Folds what a person typed to a comparable form: ASCII to lower case, everything that is not an
 * ASCII letter, digit or byte above 0x7f is dropped ("No. KTP " -> "noktp"). Writes at most
 * size_bytes with the NUL; returns the length that was written. */
size_t jj_fold(const char *text, size_t length, char *out, size_t size_bytes);

/* The entry of words (ended by NULL) nearest to word by edit distance with transpositions, or
 * NULL if none is near enough to be meant (more than a third of the letters differ). */
const char *jj_closest(const char *word, const char *const *words);

/* Edit distance with transpositions of two short texts (longer than 63 bytes: never near). */
unsigned jj_distance(const char *a, const char *b);

/* Whole decimal numbers, nothing before or behind. False: not one, or out of range. */
bool jj_parse_i64(const char *text, int64_t *value);
bool jj_parse_u64(const char *text, uint64_t *value);

/* "500ms" "30s" "5m" "2h" "7d" to milliseconds; "64KiB" "10MiB" "2GiB" "512" to bytes. */
bool jj_parse_duration(const char *text, int64_t *value_ms);
bool jj_parse_size(const char *text, int64_t *value_bytes);

/* True for valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool jj_utf8_valid(const char *text, size_t size_bytes);

#endif

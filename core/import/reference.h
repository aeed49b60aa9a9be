/*
 * The reference lists that cells of a file refer to: regions (Kemendagri codes) and vocations
 * (kejuruan), read from schemas/reference/. Names are matched after folding; nothing is guessed: a
 * text that fits no entry, or more than one, is not matched.
 */
#ifndef JJ_IMPORT_REFERENCE_H
#define JJ_IMPORT_REFERENCE_H

#include "base/buf.h"
#include "jejaring/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct jj_reference jj_reference;

/* Reads regions.csv (code;name;level;province_code) and vocations.csv (slug;name;synonyms) in dir.
 * JJ_ECONFIG with file and line if they are not as they should be. *reference is new. */
int jj_reference_open(jj_reference **reference, const char *dir, jj_error *err);
void jj_reference_close(jj_reference *reference);

enum jj_match {
    JJ_MATCH_ONE,
    JJ_MATCH_NONE,
    JJ_MATCH_MANY,   /* a name that several regions have */
    JJ_MATCH_NO_DOT, /* a region code without its dot: BPS means other places with the same digits
                      */
};

/* A region by its code ("33.75", "33") or by its name ("Kota Pekalongan", "Kab. Batang",
 * "Bojonegoro"). *code is the reference's. hint (may be NULL) receives the names that were meant
 * perhaps; nothing of text is put there. */
enum jj_match jj_reference_region(const jj_reference *reference, const char *text, size_t length,
                                  const char **code, jj_buf *hint);

/* A vocation by its slug, its name or a synonym; "Pelatihan", "Kejuruan" and the like before it do
 * not count. hint as above. */
enum jj_match jj_reference_vocation(const jj_reference *reference, const char *text, size_t length,
                                    const char **slug, jj_buf *hint);

#endif

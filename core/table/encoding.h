/*
 * Encodings of text files: which one a file has, and its text as UTF-8.
 *
 * Guarantees: what jj_decoder_read gives is valid UTF-8 without NUL, and every line end (CR LF,
 * CR, LF) has become one LF. A file is called Windows-1252 only if it has no byte order mark, is
 * not valid UTF-8 from its first to its last byte, and holds no control characters in its
 * beginning.
 */
#ifndef JJ_TABLE_ENCODING_H
#define JJ_TABLE_ENCODING_H

#include "table/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jj_encoding {
    JJ_UTF8,
    JJ_UTF16LE,
    JJ_UTF16BE,
    JJ_WINDOWS1252,
};

const char *jj_encoding_name(enum jj_encoding encoding);

/* Reads the file through once. *mark_bytes is the length of its byte order mark. */
int jj_encoding_detect(int fd, enum jj_encoding *encoding, size_t *mark_bytes, jj_refusal *why);

#define JJ_DECODER_CHUNK 65536

typedef struct jj_decoder {
    int fd; /* borrowed */
    enum jj_encoding encoding;
    unsigned char raw[JJ_DECODER_CHUNK];
    size_t raw_at, raw_size;
    uint64_t offset; /* in the file, behind raw */
    bool ended;      /* nothing is left to be read into raw */
    bool after_cr;   /* the last character was CR: an LF now belongs to it */
} jj_decoder;

void jj_decoder_init(jj_decoder *decoder, int fd, enum jj_encoding encoding, size_t mark_bytes);

/* Writes up to size_bytes (at least 8) of UTF-8 to out; *written is 0 only at the end. */
int jj_decoder_read(jj_decoder *decoder, char *out, size_t size_bytes, size_t *written,
                    jj_refusal *why);

/* Writes the UTF-8 form of a character, 1 to 4 bytes; returns their number. */
size_t jj_utf8_encode(uint32_t character, char out[4]);

#endif

/*
 * Identifiers: hashes (BLAKE2b, keyed and not; SipHash) and UUIDs in text. The only users of
 * libsodium's hashing are behind this header.
 */
#ifndef JJ_BASE_ID_H
#define JJ_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JJ_UUID_SIZE 37 /* 36 characters and the NUL */
#define JJ_KEY_SIZE  32 /* of a secret key, in bytes */

/* Must have been called once, before anything else here. False: no source of randomness. */
bool jj_id_init(void);

/* BLAKE2b of the parts in order, each preceded by its length, so that no two lists of parts give
 * the same input. key may be NULL. out_size is 10 to 64 bytes (with sizes under 16: the leading
 * bytes of a 16-byte hash). */
typedef struct jj_part {
    const void *data;
    size_t size_bytes;
} jj_part;
void jj_hash(const unsigned char *key, const jj_part *parts, size_t count, unsigned char *out,
             size_t out_size);

/* Plain BLAKE2b of one text, as any other implementation gives it. out_size is 16 to 64. */
void jj_hash_text(const unsigned char *key, const void *data, size_t size_bytes, unsigned char *out,
                  size_t out_size);

/* SipHash-2-4 of one text, for tables and digests inside a node. key: 16 bytes. */
uint64_t jj_siphash(const unsigned char *key, const void *data, size_t size_bytes);

/* Marks 16 hash bytes as a UUID of version 8 (RFC 9562) and writes its text. */
void jj_uuid_from_hash(unsigned char hash[16], char out[JJ_UUID_SIZE]);
void jj_uuid_format(const unsigned char uuid[16], char out[JJ_UUID_SIZE]);
/* 8-4-4-4-12 hexadecimal digits in either case, exactly length bytes. */
bool jj_uuid_parse(const char *text, size_t length, unsigned char uuid[16]);

/* The next UUID in a text from *at on, in either case; *at moves behind its first character. False:
 * there is none. jj_uuid_next writes it in lower case. */
bool jj_uuid_find(const char *text, size_t size_bytes, size_t *at, unsigned char uuid[16]);
bool jj_uuid_next(const char *text, size_t size_bytes, size_t *at, char out[JJ_UUID_SIZE]);

/* The key of a thing that an agency names by a code of its own (vacancy, business, ...): the UUID
 * of BLAKE2b-128 over kind, source and code. Known to everybody: no secret is in it. */
void jj_entity_key(const char *kind, const char *source, const char *code, char out[JJ_UUID_SIZE]);

/* Random bytes from the kernel. */
void jj_random(void *out, size_t size_bytes);

/* Hexadecimal, lower case; out has room for 2 * size_bytes + 1. */
void jj_hex(const void *data, size_t size_bytes, char *out);
bool jj_unhex(const char *text, size_t length, unsigned char *out, size_t size_bytes);

#endif

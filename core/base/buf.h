/*
 * A growing byte buffer with a sticky error: after memory has run out every further addition is
 * ignored and `failed` stays set, so that a writer checks once, at the end.
 */
#ifndef JJ_BASE_BUF_H
#define JJ_BASE_BUF_H

#include "jejaring/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct jj_buf {
    char *data; /* owned; NUL-terminated behind size whenever it is not NULL */
    size_t size, capacity;
    bool failed;
} jj_buf;

/* An empty buffer is all zeros: `jj_buf b = {0};`. */
void jj_buf_clear(jj_buf *buf); /* frees; the buffer is empty and usable again */
void jj_buf_reset(jj_buf *buf); /* empties, keeps the memory, forgets a failure */

/* Ensures room for size_bytes more; returns false (and sets failed) without memory. */
bool jj_buf_reserve(jj_buf *buf, size_t size_bytes);

void jj_buf_add(jj_buf *buf, const void *data, size_t size_bytes);
void jj_buf_puts(jj_buf *buf, const char *text);
void jj_buf_putc(jj_buf *buf, char c);
void jj_buf_printf(jj_buf *buf, const char *format, ...) JJ_PRINTF(2, 3);
void jj_buf_vprintf(jj_buf *buf, const char *format, va_list args) JJ_PRINTF(2, 0);

/* Appends text as a JSON string with its quotes, escaped as RFC 8259 demands. Bytes above 0x7f
 * are copied: text must be UTF-8. */
void jj_buf_json(jj_buf *buf, const char *text, size_t size_bytes);
void jj_buf_json_z(jj_buf *buf, const char *text);

/* Takes the memory out of the buffer, which is empty afterwards. The caller frees. NULL if the
 * buffer has failed. Never NULL for an empty one. */
char *jj_buf_take(jj_buf *buf);

#endif

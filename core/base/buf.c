#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jj_buf_clear(jj_buf *buf)
{
    free(buf->data);
    *buf = (jj_buf){0};
}

void jj_buf_reset(jj_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

bool jj_buf_reserve(jj_buf *buf, size_t size_bytes)
{
    if (buf->failed) {
        return false;
    }
    /* One byte more than asked for, so that the NUL always fits. */
    if (size_bytes < buf->capacity - buf->size) {
        return true;
    }
    if (size_bytes > SIZE_MAX / 2 - buf->size) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity - buf->size <= size_bytes) {
        capacity *= 2;
    }
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->data[buf->size] = '\0';
    buf->capacity = capacity;
    return true;
}

void jj_buf_add(jj_buf *buf, const void *data, size_t size_bytes)
{
    if (!jj_buf_reserve(buf, size_bytes)) {
        return;
    }
    if (size_bytes) {
        memcpy(buf->data + buf->size, data, size_bytes);
    }
    buf->size += size_bytes;
    buf->data[buf->size] = '\0';
}

void jj_buf_puts(jj_buf *buf, const char *text)
{
    jj_buf_add(buf, text, strlen(text));
}

void jj_buf_putc(jj_buf *buf, char c)
{
    jj_buf_add(buf, &c, 1);
}

void jj_buf_vprintf(jj_buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0) {
        buf->failed = true;
    } else if (jj_buf_reserve(buf, (size_t)length)) {
        vsnprintf(buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
}

void jj_buf_printf(jj_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    jj_buf_vprintf(buf, format, args);
    va_end(args);
}

static void add_escaped(jj_buf *buf, unsigned char c)
{
    switch (c) {
    case '"':
        jj_buf_add(buf, "\\\"", 2);
        break;
    case '\\':
        jj_buf_add(buf, "\\\\", 2);
        break;
    case '\n':
        jj_buf_add(buf, "\\n", 2);
        break;
    case '\r':
        jj_buf_add(buf, "\\r", 2);
        break;
    case '\t':
        jj_buf_add(buf, "\\t", 2);
        break;
    default:
        jj_buf_printf(buf, "\\u%04x", c);
    }
}

void jj_buf_json(jj_buf *buf, const char *text, size_t size_bytes)
{
    jj_buf_putc(buf, '"');
    size_t from = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
            jj_buf_add(buf, text + from, i - from);
            add_escaped(buf, c);
            from = i + 1;
        }
    }
    jj_buf_add(buf, text + from, size_bytes - from);
    jj_buf_putc(buf, '"');
}

void jj_buf_json_z(jj_buf *buf, const char *text)
{
    jj_buf_json(buf, text, strlen(text));
}

char *jj_buf_take(jj_buf *buf)
{
    char *data = NULL;
    if (jj_buf_reserve(buf, 0)) {
        data = buf->data;
        *buf = (jj_buf){0};
    } else {
        jj_buf_clear(buf);
    }
    return data;
}

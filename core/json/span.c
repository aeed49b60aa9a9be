#include "json/span.h"

#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
        at++;
    }
    return at;
}

/* at points behind the opening quote; the result is the closing one, or end. */
static const char *string_end(const char *at, const char *end)
{
    for (;;) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const char *slash = quote ? memchr(at, '\\', (size_t)(quote - at)) : NULL;
        if (!slash) {
            return quote ? quote : end;
        }
        at = slash + 2; /* at most one behind the quote, which is before end */
    }
}

/* The end of the value that begins at `at`. */
static const char *value_end(const char *at, const char *end)
{
    if (at < end && *at == '"') {
        const char *close = string_end(at + 1, end);
        return close < end ? close + 1 : end;
    }
    if (at < end && (*at == '{' || *at == '[')) {
        unsigned depth = 0;
        for (; at < end; at++) {
            if (*at == '"') {
                at = string_end(at + 1, end);
                if (at == end) {
                    break;
                }
            } else if (*at == '{' || *at == '[') {
                depth++;
            } else if ((*at == '}' || *at == ']') && --depth == 0) {
                return at + 1;
            }
        }
        return end;
    }
    while (at < end && !strchr(",}] \t\r\n", *at)) {
        at++;
    }
    return at;
}

void jj_members_start(jj_members *walk, jj_span object)
{
    const char *end = object.at + object.size_bytes;
    const char *at = skip_space(object.at, end);
    walk->end = end;
    walk->next = at < end && *at == '{' ? at + 1 : end;
}

bool jj_members_next(jj_members *walk, jj_member *member)
{
    const char *end = walk->end;
    const char *at = skip_space(walk->next, end);
    if (at < end && *at == ',') {
        at = skip_space(at + 1, end);
    }
    walk->next = end;
    if (at >= end || *at != '"') {
        return false;
    }
    const char *name = at + 1;
    const char *close = string_end(name, end);
    at = close < end ? skip_space(close + 1, end) : end;
    if (at >= end || *at != ':') {
        return false;
    }
    at = skip_space(at + 1, end);
    const char *stop = value_end(at, end);
    if (stop == at) {
        return false; /* no JSON: there is always at least one byte of a value to look at */
    }
    member->name = (jj_span){name, (size_t)(close - name)};
    member->value = (jj_span){at, (size_t)(stop - at)};
    walk->next = stop;
    return true;
}

bool jj_span_is(jj_span span, const char *text)
{
    return strlen(text) == span.size_bytes && memcmp(span.at, text, span.size_bytes) == 0;
}

bool jj_span_find(jj_span object, const char *name, jj_span *value)
{
    jj_members walk;
    jj_member member;
    for (jj_members_start(&walk, object); jj_members_next(&walk, &member);) {
        if (jj_span_is(member.name, name)) {
            *value = member.value;
            return true;
        }
    }
    return false;
}

bool jj_span_has_escaped_names(jj_span object)
{
    jj_members walk;
    jj_member member;
    for (jj_members_start(&walk, object); jj_members_next(&walk, &member);) {
        if (memchr(member.name.at, '\\', member.name.size_bytes)) {
            return true;
        }
    }
    return false;
}

static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 0;
        value = value << 4 | digit;
    }
    return value;
}

static void add_utf8(jj_buf *out, unsigned point)
{
    if (point < 0x80) {
        jj_buf_putc(out, (char)point);
    } else if (point < 0x800) {
        jj_buf_putc(out, (char)(0xc0 | point >> 6));
        jj_buf_putc(out, (char)(0x80 | (point & 0x3f)));
    } else if (point < 0x10000) {
        jj_buf_putc(out, (char)(0xe0 | point >> 12));
        jj_buf_putc(out, (char)(0x80 | (point >> 6 & 0x3f)));
        jj_buf_putc(out, (char)(0x80 | (point & 0x3f)));
    } else {
        jj_buf_putc(out, (char)(0xf0 | point >> 18));
        jj_buf_putc(out, (char)(0x80 | (point >> 12 & 0x3f)));
        jj_buf_putc(out, (char)(0x80 | (point >> 6 & 0x3f)));
        jj_buf_putc(out, (char)(0x80 | (point & 0x3f)));
    }
}

/* at points behind "\u"; returns where to go on. */
static const char *unescape_point(const char *at, const char *end, jj_buf *out)
{
    if (end - at < 4) {
        return end;
    }
    unsigned point = hex4(at);
    at += 4;
    if (point >= 0xd800 && point < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        point = 0x10000 + ((point - 0xd800) << 10) + (hex4(at + 2) - 0xdc00);
        at += 6;
    }
    add_utf8(out, point);
    return at;
}

bool jj_span_unescape(jj_span string, jj_buf *out)
{
    if (string.size_bytes < 2 || string.at[0] != '"') {
        return false;
    }
    const char *at = string.at + 1, *end = string.at + string.size_bytes - 1;
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        const char *stop = slash ? slash : end;
        jj_buf_add(out, at, (size_t)(stop - at));
        at = stop;
        if (at == end || end - at < 2) {
            break;
        }
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *plain = memchr(from, at[1], 5);
        if (at[1] == 'u') {
            at = unescape_point(at + 2, end, out);
        } else {
            jj_buf_putc(out, plain ? to[plain - from] : at[1]);
            at += 2;
        }
    }
    return true;
}

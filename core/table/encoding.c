#include "table/encoding.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Windows-1252, 0x80 to 0x9f. The five holes are the C1 controls that browsers take them for;
 * they become U+FFFD here, because nobody meant them. */
static const uint16_t windows1252[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

#define DOS_END 0x1a /* Ctrl-Z, with which DOS programs ended a text file */

const char *jj_encoding_name(enum jj_encoding encoding)
{
    static const char *const names[] = {"UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252"};
    return names[encoding];
}

size_t jj_utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static ssize_t read_at(int fd, void *out, size_t size_bytes, uint64_t offset)
{
    ssize_t got;
    do {
        got = pread(fd, out, size_bytes, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

static bool starts(const unsigned char *at, size_t size, const char *mark, size_t length)
{
    return size >= length && memcmp(at, mark, length) == 0;
}

/* UTF-16 without a mark: nearly every other byte of a table in Latin script is NUL. */
static bool looks_utf16(const unsigned char *at, size_t size, enum jj_encoding *encoding)
{
    size_t nul[2] = {0, 0};
    for (size_t i = 0; i < size; i++) {
        nul[i & 1] += at[i] == 0;
    }
    size_t units = size / 2;
    if (units && nul[1] * 5 > units * 3 && nul[0] * 10 < units) {
        *encoding = JJ_UTF16LE;
        return true;
    }
    if (units && nul[0] * 5 > units * 3 && nul[1] * 10 < units) {
        *encoding = JJ_UTF16BE;
        return true;
    }
    return false;
}

static bool is_text(const unsigned char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] < 0x20 && at[i] != '\t' && at[i] != '\n' && at[i] != '\r' && at[i] != '\f' &&
            at[i] != DOS_END) {
            return false;
        }
    }
    return true;
}

/* How many bytes at the end are the beginning of a character that goes on in the next chunk. */
static size_t unfinished(const unsigned char *at, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        unsigned char c = at[size - back];
        if (c >= 0xc0) {
            size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
            return length > back ? back : 0;
        }
        if (c < 0x80) {
            return 0;
        }
    }
    return 0;
}

/* *valid: the whole file is UTF-8. A NUL anywhere makes it no text at all. */
static int scan_utf8(int fd, uint64_t offset, bool *valid, jj_refusal *why)
{
    unsigned char chunk[JJ_DECODER_CHUNK];
    size_t kept = 0;
    *valid = true;
    for (;;) {
        ssize_t got = read_at(fd, chunk + kept, sizeof chunk - kept, offset);
        if (got < 0) {
            return jj_refuse_errno(why, "cannot read the file");
        }
        offset += (uint64_t)got;
        if (memchr(chunk + kept, 0, (size_t)got)) {
            return jj_refuse(why, JJ_FAULT_NOT_TABLE, JJ_EMALFORMED,
                             "neither text nor a workbook (it has NUL bytes)");
        }
        size_t size = kept + (size_t)got;
        size_t rest = got ? unfinished(chunk, size) : 0;
        if (*valid && !jj_utf8_valid((const char *)chunk, size - rest)) {
            *valid = false;
        }
        if (got == 0) {
            return 0;
        }
        memmove(chunk, chunk + size - rest, rest);
        kept = rest;
    }
}

static int detect_unmarked(int fd, const unsigned char *head, size_t size,
                           enum jj_encoding *encoding, jj_refusal *why)
{
    if (looks_utf16(head, size, encoding)) {
        return 0;
    }
    if (!is_text(head, size)) {
        return jj_refuse(why, JJ_FAULT_NOT_TABLE, JJ_EMALFORMED,
                         "neither text nor a workbook (it has control characters)");
    }
    bool valid;
    int rc = scan_utf8(fd, 0, &valid, why);
    if (rc == 0) {
        *encoding = valid ? JJ_UTF8 : JJ_WINDOWS1252;
    }
    return rc;
}

int jj_encoding_detect(int fd, enum jj_encoding *encoding, size_t *mark_bytes, jj_refusal *why)
{
    unsigned char head[4096];
    ssize_t got = read_at(fd, head, sizeof head, 0);
    if (got < 0) {
        return jj_refuse_errno(why, "cannot read the file");
    }
    size_t size = (size_t)got;
    if (size == 0) {
        return jj_refuse(why, JJ_FAULT_EMPTY, JJ_EMALFORMED, "the file is empty");
    }
    *mark_bytes = 0;
    if (starts(head, size, "\xff\xfe\0\0", 4) || starts(head, size, "\0\0\xfe\xff", 4)) {
        return jj_refuse(why, JJ_FAULT_ENCODING, JJ_EMALFORMED,
                         "UTF-32 is not read; save the file as UTF-8");
    }
    if (starts(head, size, "\xff\xfe", 2) || starts(head, size, "\xfe\xff", 2)) {
        *encoding = head[0] == 0xff ? JJ_UTF16LE : JJ_UTF16BE;
        *mark_bytes = 2;
        return 0;
    }
    if (!starts(head, size, "\xef\xbb\xbf", 3)) {
        return detect_unmarked(fd, head, size, encoding, why);
    }
    bool valid;
    int rc = scan_utf8(fd, 3, &valid, why);
    if (rc) {
        return rc;
    }
    if (!valid) {
        return jj_refuse(why, JJ_FAULT_ENCODING, JJ_EMALFORMED,
                         "marked as UTF-8, but not all of it is UTF-8");
    }
    *encoding = JJ_UTF8;
    *mark_bytes = 3;
    return 0;
}

void jj_decoder_init(jj_decoder *decoder, int fd, enum jj_encoding encoding, size_t mark_bytes)
{
    decoder->fd = fd;
    decoder->encoding = encoding;
    decoder->raw_at = decoder->raw_size = 0;
    decoder->offset = mark_bytes;
    decoder->ended = decoder->after_cr = false;
}

/* Ensures at least 4 raw bytes, or all that is left. */
static int refill(jj_decoder *d, jj_refusal *why)
{
    while (!d->ended && d->raw_size - d->raw_at < 4) {
        memmove(d->raw, d->raw + d->raw_at, d->raw_size - d->raw_at);
        d->raw_size -= d->raw_at;
        d->raw_at = 0;
        ssize_t got = read_at(d->fd, d->raw + d->raw_size, sizeof d->raw - d->raw_size, d->offset);
        if (got < 0) {
            return jj_refuse_errno(why, "cannot read the file");
        }
        d->ended = got == 0;
        d->raw_size += (size_t)got;
        d->offset += (uint64_t)got;
    }
    return 0;
}

static uint32_t unit16(const jj_decoder *d, size_t at)
{
    uint32_t first = d->raw[at], second = d->raw[at + 1];
    return d->encoding == JJ_UTF16LE ? second << 8 | first : first << 8 | second;
}

/* One character of UTF-16. */
static int next16(jj_decoder *d, uint32_t *character, jj_refusal *why)
{
    size_t left = d->raw_size - d->raw_at;
    uint32_t c = left >= 2 ? unit16(d, d->raw_at) : 0xd800;
    size_t used = 2;
    if (c >= 0xd800 && c < 0xdc00 && left >= 4) {
        uint32_t low = unit16(d, d->raw_at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            used = 4;
        }
    }
    if (c >= 0xd800 && c < 0xe000) {
        return jj_refuse(why, JJ_FAULT_ENCODING, JJ_EMALFORMED, "not valid UTF-16");
    }
    if (c == 0) {
        return jj_refuse(why, JJ_FAULT_NOT_TABLE, JJ_EMALFORMED,
                         "neither text nor a workbook (it has NUL characters)");
    }
    d->raw_at += used;
    *character = c;
    return 0;
}

/* Writes one character; a CR becomes an LF and swallows the LF behind it. */
static size_t emit(jj_decoder *d, uint32_t c, char *out)
{
    bool after_cr = d->after_cr;
    d->after_cr = c == '\r';
    if ((c == '\n' && after_cr) || c == DOS_END) {
        return 0;
    }
    return jj_utf8_encode(c == '\r' ? '\n' : c, out);
}

/* A stretch of UTF-8, copied as it is but for its line ends. */
static size_t copy_utf8(jj_decoder *d, char *out, size_t size_bytes)
{
    const unsigned char *from = d->raw + d->raw_at;
    size_t left = d->raw_size - d->raw_at, taken = 0, put = 0;
    size_t room = left < size_bytes ? left : size_bytes;
    while (taken < room) {
        unsigned char c = from[taken];
        if (c >= 0x20 || c == '\t') {
            out[put++] = (char)c;
            d->after_cr = false;
        } else {
            put += emit(d, c, out + put);
        }
        taken++;
    }
    d->raw_at += taken;
    return put;
}

int jj_decoder_read(jj_decoder *d, char *out, size_t size_bytes, size_t *written, jj_refusal *why)
{
    size_t put = 0;
    int rc = 0;
    while (put + 4 <= size_bytes) {
        rc = refill(d, why);
        if (rc || d->raw_at == d->raw_size) {
            break;
        }
        if (d->encoding == JJ_UTF8) {
            put += copy_utf8(d, out + put, size_bytes - put);
            continue;
        }
        uint32_t c = 0;
        if (d->encoding == JJ_WINDOWS1252) {
            c = d->raw[d->raw_at++];
            c = c >= 0x80 && c < 0xa0 ? windows1252[c - 0x80] : c;
        } else {
            rc = next16(d, &c, why);
            if (rc) {
                break;
            }
        }
        put += emit(d, c, out + put);
    }
    if (rc == 0) {
        *written = put;
    }
    return rc;
}

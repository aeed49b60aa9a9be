#include "jejaring/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    const char *name;
} names[] = {
    {JJ_OK, "ok"},
    {JJ_EMALFORMED, "malformed"},
    {JJ_EUNAUTHORISED, "unauthorised"},
    {JJ_EFORBIDDEN, "forbidden"},
    {JJ_EUNKNOWN_TYPE, "unknown_type"},
    {JJ_EINVALID, "invalid"},
    {JJ_ECONFLICT, "conflict"},
    {JJ_ETOO_LARGE, "too_large"},
    {JJ_EBUSY, "busy"},
    {JJ_EUNAVAILABLE, "unavailable"},
    {JJ_EMEMORY, "memory"},
    {JJ_ESYSTEM, "system"},
    {JJ_ECONFIG, "config"},
    {JJ_ETIMEOUT, "timeout"},
    {JJ_ENOTFOUND, "not_found"},
    {JJ_EVERSION, "version"},
};

static int fail(jj_error *err, int code, const char *format, va_list args)
{
    if (err) {
        err->code = code;
        err->line = err->column = 0;
        err->file[0] = err->field[0] = '\0';
        vsnprintf(err->text, sizeof err->text, format, args);
    }
    return code;
}

int jj_fail(jj_error *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, code, format, args);
    va_end(args);
    return code;
}

int jj_fail_errno(jj_error *err, int code, const char *format, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, format);
    fail(err, code, format, args);
    va_end(args);
    if (err) {
        size_t length = strlen(err->text);
        snprintf(err->text + length, sizeof err->text - length, ": %s", strerror(saved));
    }
    return code;
}

const char *jj_code_name(int code)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return "unknown";
}

int jj_code_parse(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].code;
        }
    }
    return JJ_EUNAVAILABLE;
}

#include "table/fault.h"

#include <stdarg.h>
#include <stdio.h>

int jj_refuse(jj_refusal *why, enum jj_fault fault, int code, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    why->fault = fault;
    return jj_fail(why->err, code, "%s", text);
}

int jj_refuse_memory(jj_refusal *why)
{
    why->fault = JJ_FAULT_NONE;
    return jj_fail(why->err, JJ_EMEMORY, "out of memory while reading a table");
}

int jj_refuse_errno(jj_refusal *why, const char *what)
{
    why->fault = JJ_FAULT_NONE;
    return jj_fail_errno(why->err, JJ_ESYSTEM, "%s", what);
}

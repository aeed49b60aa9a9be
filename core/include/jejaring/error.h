/*
 * What went wrong, in a form that a caller can act on and a person can mend.
 *
 * Every function that can fail returns 0 or one of the negative JJ_E* codes below and, when it is
 * given a jj_error, fills it in. The error belongs to the caller; nothing in it points elsewhere.
 * Texts never hold personal data: they may be logged and sent to the other side as they are.
 */
#ifndef JEJARING_ERROR_H
#define JEJARING_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define JJ_API             __attribute__((visibility("default")))
#define JJ_PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))
#else
#define JJ_API
#define JJ_PRINTF(fmt, at)
#endif

enum jj_code {
    JJ_OK = 0,
    /* Answers of a hub. Their names on the wire are given by jj_code_name. */
    JJ_EMALFORMED = -1,    /* not a message, not JSON, not an event */
    JJ_EUNAUTHORISED = -2, /* the hub does not know who is asking */
    JJ_EFORBIDDEN = -3,    /* known, but may not do this */
    JJ_EUNKNOWN_TYPE = -4, /* no schema for this event type */
    JJ_EINVALID = -5,      /* well formed, but against the rules of its type */
    JJ_ECONFLICT = -6,     /* same source, id and time as an accepted event, other content */
    JJ_ETOO_LARGE = -7,    /* beyond a limit that HELLO tells */
    JJ_EBUSY = -8,         /* try again later */
    JJ_EUNAVAILABLE = -9,  /* the hub cannot store at the moment; nothing was accepted */
    /* On this side of the wire. */
    JJ_EMEMORY = -20,   /* out of memory */
    JJ_ESYSTEM = -21,   /* the operating system refused; the text names the call and why */
    JJ_ECONFIG = -22,   /* the configuration is wrong; file, line and column say where */
    JJ_ETIMEOUT = -23,  /* no answer in time; the request may or may not have been carried out */
    JJ_ENOTFOUND = -24, /* there is no such thing */
    JJ_EVERSION = -25,  /* the other side speaks another version */
};

typedef struct jj_error {
    int code;        /* a jj_code */
    int line;        /* 1-based; 0: not known */
    int column;      /* 1-based; 0: not known */
    char file[256];  /* empty: not about a file */
    char field[128]; /* JSON pointer or name of the member at fault; may be empty */
    char text[512];  /* one line, English, without a full stop */
} jj_error;

/*
 * Fills in *err (which may be NULL) and returns code, so that a function can fail in one line.
 * Position and field are emptied; set them after the call where they are known.
 */
JJ_API int jj_fail(jj_error *err, int code, const char *format, ...) JJ_PRINTF(3, 4);

/* The same, with ": " and the description of errno at the time of the call appended. */
JJ_API int jj_fail_errno(jj_error *err, int code, const char *format, ...) JJ_PRINTF(3, 4);

/* The name of a code on the wire and in --json output, e.g. "unknown_type". Never NULL. */
JJ_API const char *jj_code_name(int code);

/* The code of a name on the wire; JJ_EUNAVAILABLE for a name that this version does not know. */
JJ_API int jj_code_parse(const char *name);

#ifdef __cplusplus
}
#endif
#endif

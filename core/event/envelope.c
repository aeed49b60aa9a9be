#include "event/envelope.h"

#include "base/clock.h"
#include "base/text.h"
#include "json/load.h"

#include <stdio.h>
#include <string.h>

int jj_intake_refuse(jj_error *err, int code, const char *field, const char *text)
{
    jj_fail(err, code, "%s", text);
    if (err) {
        snprintf(err->field, sizeof err->field, "%s", field);
    }
    return code;
}

void jj_intake_note(jj_report *report, const char *field, const char *expected)
{
    if (report->count < JJ_PROBLEMS_MAX) {
        jj_problem *problem = &report->list[report->count];
        problem->keyword = "";
        snprintf(problem->field, sizeof problem->field, "%s", field);
        snprintf(problem->expected, sizeof problem->expected, "%s", expected);
    }
    report->count++;
}

/* The problems of one envelope: noted all, the first being what the event is refused for. */
typedef struct findings {
    jj_report *report;
    jj_error *err;
    int rc;
} findings;

static void complain(findings *f, int code, const char *field, const char *text)
{
    jj_intake_note(f->report, field, text);
    if (f->rc == 0) {
        f->rc = jj_intake_refuse(f->err, code, field, text);
    }
}

typedef struct attribute {
    const char *name;
    bool required;
} attribute;

static const attribute attributes[] = {
    [JJ_ID] = {"id", true},         [JJ_SOURCE] = {"source", true},
    [JJ_TYPE] = {"type", true},     [JJ_TIME] = {"time", true},
    [JJ_REGION] = {"region", true}, [JJ_RECIPIENT] = {"recipient", false}};

/* A copy of a string attribute; refuses what is missing, empty, too long or not a string. */
static void take_string(const json_t *event, const char *name, bool required, char *out,
                        findings *f)
{
    const json_t *value = json_object_get(event, name);
    const char *text = json_string_value(value);
    const char *problem = NULL;
    out[0] = '\0';
    if (!value && !required) {
        return;
    }
    size_t length = json_string_length(value);
    if (!text || !*text) {
        problem = value ? "a non-empty string is expected" : "required, but not there";
    } else if (length > JJ_ATTRIBUTE_MAX || strlen(text) != length) {
        problem = "at most 255 bytes without NUL are allowed";
    }
    if (problem) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/%s", name);
        complain(f, JJ_EINVALID, pointer, problem);
    } else {
        memcpy(out, text, length + 1);
    }
}

static void check_region(const char *region, findings *f)
{
    if (!*region || jj_region_valid(region)) {
        return; /* that it is missing is said already */
    }
    bool digits = strspn(region, "0123456789") == 4 && strlen(region) == 4;
    complain(f, JJ_EINVALID, "/region",
             digits ? "four digits without a dot could be a BPS number, which means another "
                      "place; write the Kemendagri code with its dot, e.g. 33.75"
                    : "a Kemendagri code is expected: 33 for a province, 33.75 for a regency "
                      "or city");
}

static bool is_attribute_name(const char *name)
{
    size_t length = 0;
    while ((name[length] >= 'a' && name[length] <= 'z') ||
           (name[length] >= '0' && name[length] <= '9')) {
        length++;
    }
    return length > 0 && length <= 64 && name[length] == '\0';
}

/* CloudEvents attributes are scalars named by lower-case letters and digits; what we know by name
 * is checked elsewhere. The field stays empty: such a name may be anything. */
static void check_extensions(const json_t *event, findings *f)
{
    bool names = true, values = true;
    for (void *at = json_object_iter((json_t *)event); at;
         at = json_object_iter_next((json_t *)event, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        names = names && is_attribute_name(name);
        values = values &&
                 ((!json_is_object(value) && !json_is_array(value)) || strcmp(name, "data") == 0);
    }
    if (!names) {
        complain(f, JJ_EINVALID, "",
                 "an attribute's name is not 1 to 64 lower-case letters and digits");
    }
    if (!values) {
        complain(f, JJ_EINVALID, "", "an attribute beside data is not a plain value");
    }
}

/* Which numbers of 16 digits are a NIK cannot be told: a clock in microseconds looks like one every
 * now and then. So that nobody is refused now and then, none of them is taken. */
static void check_sequence(const json_t *sequence, findings *f)
{
    const char *digits = json_string_value(sequence);
    size_t length = digits ? strlen(digits) : 0;
    if (sequence && (!length || length > 20 || strspn(digits, "0123456789") != length)) {
        complain(f, JJ_EINVALID, "/sequence", "a string of digits is expected, at most 20");
    } else if (length == 16) {
        complain(f, JJ_EINVALID, "/sequence",
                 "16 digits could be a NIK: use a counter, milliseconds or nanoseconds, or put "
                 "zeros in front");
    }
}

static void check_optional(const json_t *event, findings *f)
{
    char cause[JJ_ATTRIBUTE_MAX + 1];
    const char *content = jj_json_string(event, "datacontenttype");
    check_sequence(json_object_get(event, "sequence"), f);
    if (content && strcmp(content, "application/json") != 0) {
        complain(f, JJ_EINVALID, "/datacontenttype", "application/json is expected");
    }
    if (json_object_get(event, "data_base64")) {
        complain(f, JJ_EINVALID, "/data_base64", "data is a JSON object here, not base64");
    }
    take_string(event, "cause", false, cause, f);
}

static void check_time(const char *time, int64_t now_ms, int64_t ahead_ms, jj_admitted *a,
                       findings *f)
{
    if (!*time) {
        return; /* that it is missing is said already */
    }
    if (!jj_time_parse(time, strlen(time), &a->record.time_ms)) {
        complain(f, JJ_EINVALID, "/time",
                 "an RFC 3339 date and time with its zone is expected, e.g. "
                 "2026-05-04T08:00:00+07:00");
    } else if (ahead_ms && a->record.time_ms > now_ms && a->record.time_ms - now_ms > ahead_ms) {
        /* The later time wins: nothing that is said before then could correct it. */
        complain(f, JJ_EINVALID, "/time",
                 "lies too far ahead of this hub's clock (hub.time_ahead in its configuration)");
    }
}

int jj_envelope_check(const json_t *event, int64_t now_ms, int64_t ahead_ms, jj_admitted *a,
                      jj_error *err)
{
    findings f = {.report = &a->report, .err = err};
    if (!json_is_object(event)) {
        return jj_intake_refuse(err, JJ_EMALFORMED, "", "an event is a JSON object");
    }
    const char *version = jj_json_string(event, "specversion");
    if (!version || strcmp(version, "1.0") != 0) {
        complain(&f, JJ_EINVALID, "/specversion", "\"1.0\" is expected");
    }
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        take_string(event, attributes[i].name, attributes[i].required, a->attributes[i], &f);
    }
    take_string(event, "subject", false, a->subject, &f);
    check_region(a->attributes[JJ_REGION], &f);
    check_optional(event, &f);
    check_extensions(event, &f);
    check_time(a->attributes[JJ_TIME], now_ms, ahead_ms, a, &f);
    if (!json_is_object(json_object_get(event, "data"))) {
        complain(&f, JJ_EINVALID, "/data", "an object is expected");
    }
    return f.rc;
}

/* An event may say by which version of its type it was made: a newer one may mean what this hub
 * does not know of, even where the form is right. */
int jj_envelope_version(const json_t *event, const jj_type *type, jj_error *err)
{
    const char *said = jj_json_string(event, "dataschema");
    size_t length = strlen(type->name);
    int64_t version;
    if (!said || strncmp(said, JJ_DATASCHEMA, strlen(JJ_DATASCHEMA)) != 0) {
        return 0; /* another's name of what it means: kept, and no concern of ours */
    }
    said += strlen(JJ_DATASCHEMA);
    if (strncmp(said, type->name, length) != 0 || said[length] != ':' ||
        !jj_parse_i64(said + length + 1, &version) || version < 1 ||
        version > JJ_TYPE_VERSION_MAX) {
        return jj_intake_refuse(err, JJ_EINVALID, "/dataschema",
                                JJ_DATASCHEMA "TYPE:VERSION with the event's type is expected");
    }
    if (version <= type->version) {
        return 0;
    }
    char text[200];
    snprintf(text, sizeof text,
             "version %d of %s is newer than this hub, which knows version %d: upgrade it, then "
             "retry the event",
             (int)version, type->name, type->version);
    return jj_intake_refuse(err, JJ_EUNKNOWN_TYPE, "/dataschema", text);
}

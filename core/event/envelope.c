#include "event/envelope.h"

#include "base/clock.h"
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

typedef struct attribute {
    const char *name;
    bool required;
} attribute;

static const attribute attributes[] = {
    [JJ_ID] = {"id", true},         [JJ_SOURCE] = {"source", true},
    [JJ_TYPE] = {"type", true},     [JJ_TIME] = {"time", true},
    [JJ_REGION] = {"region", true}, [JJ_RECIPIENT] = {"recipient", false}};

/* A copy of a string attribute; refuses what is missing, empty, too long or not a string. */
static int take_string(const json_t *event, const char *name, bool required, char *out,
                       jj_error *err)
{
    const json_t *value = json_object_get(event, name);
    const char *text = json_string_value(value);
    const char *problem = NULL;
    out[0] = '\0';
    if (!value && !required) {
        return 0;
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
        return jj_intake_refuse(err, JJ_EINVALID, pointer, problem);
    }
    memcpy(out, text, length + 1);
    return 0;
}

static int check_region(const char *region, jj_error *err)
{
    if (jj_region_valid(region)) {
        return 0;
    }
    bool digits = strspn(region, "0123456789") == 4 && strlen(region) == 4;
    return jj_intake_refuse(
        err, JJ_EINVALID, "/region",
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
static int check_extensions(const json_t *event, jj_error *err)
{
    for (void *at = json_object_iter((json_t *)event); at;
         at = json_object_iter_next((json_t *)event, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        if (!is_attribute_name(name)) {
            return jj_intake_refuse(
                err, JJ_EINVALID, "",
                "an attribute's name is not 1 to 64 lower-case letters and digits");
        }
        if ((json_is_object(value) || json_is_array(value)) && strcmp(name, "data") != 0) {
            return jj_intake_refuse(err, JJ_EINVALID, "",
                                    "an attribute beside data is not a plain value");
        }
    }
    return 0;
}

static int check_optional(const json_t *event, jj_error *err)
{
    char cause[JJ_ATTRIBUTE_MAX + 1];
    const json_t *sequence = json_object_get(event, "sequence");
    const char *digits = json_string_value(sequence);
    const char *content = jj_json_string(event, "datacontenttype");
    if (sequence && (!digits || !*digits || strlen(digits) > 20 ||
                     strspn(digits, "0123456789") != strlen(digits))) {
        return jj_intake_refuse(err, JJ_EINVALID, "/sequence", "a string of digits is expected");
    }
    if (content && strcmp(content, "application/json") != 0) {
        return jj_intake_refuse(err, JJ_EINVALID, "/datacontenttype",
                                "application/json is expected");
    }
    if (json_object_get(event, "data_base64")) {
        return jj_intake_refuse(err, JJ_EINVALID, "/data_base64",
                                "data is a JSON object here, not base64");
    }
    return take_string(event, "cause", false, cause, err);
}

int jj_envelope_check(const json_t *event, jj_admitted *a, jj_error *err)
{
    if (!json_is_object(event)) {
        return jj_intake_refuse(err, JJ_EMALFORMED, "", "an event is a JSON object");
    }
    const char *version = jj_json_string(event, "specversion");
    if (!version || strcmp(version, "1.0") != 0) {
        return jj_intake_refuse(err, JJ_EINVALID, "/specversion", "\"1.0\" is expected");
    }
    int rc = 0;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes && rc == 0; i++) {
        rc = take_string(event, attributes[i].name, attributes[i].required, a->attributes[i], err);
    }
    rc = rc ? rc : take_string(event, "subject", false, a->subject, err);
    rc = rc ? rc : check_region(a->attributes[JJ_REGION], err);
    rc = rc ? rc : check_optional(event, err);
    rc = rc ? rc : check_extensions(event, err);
    const char *time = a->attributes[JJ_TIME];
    if (rc == 0 && !jj_time_parse(time, strlen(time), &a->record.time_ms)) {
        rc = jj_intake_refuse(err, JJ_EINVALID, "/time",
                              "an RFC 3339 date and time with its zone is expected, e.g. "
                              "2026-05-04T08:00:00+07:00");
    }
    if (rc == 0 && !json_is_object(json_object_get(event, "data"))) {
        rc = jj_intake_refuse(err, JJ_EINVALID, "/data", "an object is expected");
    }
    return rc;
}

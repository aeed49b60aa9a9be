#include "event/intake.h"

#include "base/clock.h"
#include "event/key.h"
#include "jejaring/client.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID,
    SOURCE,
    TYPE,
    TIME,
    REGION,
    RECIPIENT
}; /* of jj_admitted.attributes */

void jj_admitted_clear(jj_admitted *admitted)
{
    jj_buf_clear(&admitted->text);
    jj_buf_clear(&admitted->data);
    jj_buf_clear(&admitted->contact);
    jj_buf_clear(&admitted->sealed);
    jj_buf_clear(&admitted->scratch);
}

static int refuse(jj_error *err, int code, const char *field, const char *text)
{
    jj_fail(err, code, "%s", text);
    if (err) {
        snprintf(err->field, sizeof err->field, "%s", field);
    }
    return code;
}

/* ---- Envelope ----------------------------------------------------------------------------- */

typedef struct attribute {
    const char *name;
    bool required;
} attribute;

static const attribute attributes[] = {
    [ID] = {"id", true},     [SOURCE] = {"source", true}, [TYPE] = {"type", true},
    [TIME] = {"time", true}, [REGION] = {"region", true}, [RECIPIENT] = {"recipient", false}};

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
        return refuse(err, JJ_EINVALID, pointer, problem);
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
    return refuse(err, JJ_EINVALID, "/region",
                  digits ? "four digits without a dot could be a BPS number, which means another "
                           "place; write the Kemendagri code with its dot, e.g. 33.75"
                         : "a Kemendagri code is expected: 33 for a province, 33.75 for a regency "
                           "or city");
}

/* CloudEvents attributes are scalars; data, and what we know by name, is checked elsewhere. */
static int check_extensions(const json_t *event, jj_error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)event, name, value)
    {
        bool scalar = !json_is_object(value) && !json_is_array(value);
        bool is_data = strcmp(name, "data") == 0;
        if (!is_data && (!scalar || strlen(name) > 64)) {
            return refuse(err, JJ_EINVALID, "/",
                          "an attribute beside data is not a plain value with a short name");
        }
        if (json_is_string(value) && strcmp(name, "sequence") != 0 &&
            jj_holds_nik(json_string_value(value))) {
            return refuse(err, JJ_EINVALID, "/",
                          "an attribute of the envelope contains a NIK; it may stand in data.nik "
                          "only");
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
        return refuse(err, JJ_EINVALID, "/sequence", "a string of digits is expected");
    }
    if (content && strcmp(content, "application/json") != 0) {
        return refuse(err, JJ_EINVALID, "/datacontenttype", "application/json is expected");
    }
    if (json_object_get(event, "data_base64")) {
        return refuse(err, JJ_EINVALID, "/data_base64", "data is a JSON object here, not base64");
    }
    return take_string(event, "cause", false, cause, err);
}

static int check_envelope(const json_t *event, jj_admitted *a, jj_error *err)
{
    if (!json_is_object(event)) {
        return refuse(err, JJ_EMALFORMED, "", "an event is a JSON object");
    }
    const char *version = jj_json_string(event, "specversion");
    if (!version || strcmp(version, "1.0") != 0) {
        return refuse(err, JJ_EINVALID, "/specversion", "\"1.0\" is expected");
    }
    int rc = 0;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes && rc == 0; i++) {
        rc = take_string(event, attributes[i].name, attributes[i].required, a->attributes[i], err);
    }
    rc = rc ? rc : take_string(event, "subject", false, a->subject, err);
    rc = rc ? rc : check_region(a->attributes[REGION], err);
    rc = rc ? rc : check_optional(event, err);
    rc = rc ? rc : check_extensions(event, err);
    const char *time = a->attributes[TIME];
    if (rc == 0 && !jj_time_parse(time, strlen(time), &a->record.time_ms)) {
        rc = refuse(err, JJ_EINVALID, "/time",
                    "an RFC 3339 date and time with its zone is expected, e.g. "
                    "2026-05-04T08:00:00+07:00");
    }
    if (rc == 0 && !json_is_object(json_object_get(event, "data"))) {
        rc = refuse(err, JJ_EINVALID, "/data", "an object is expected");
    }
    return rc;
}

/* ---- Type, rights, schema ----------------------------------------------------------------- */

static int check_type(const jj_intake *intake, jj_admitted *a, jj_error *err)
{
    const char *name = a->attributes[TYPE];
    a->type = jj_catalogue_find(intake->catalogue, name, strlen(name));
    if (a->type) {
        return 0;
    }
    const jj_type *near = jj_catalogue_nearest(intake->catalogue, name);
    char text[200];
    snprintf(text, sizeof text,
             near ? "there is no such event type; did you mean %s?"
                  : "there is no such event type%s",
             near ? near->name : "");
    return refuse(err, JJ_EUNKNOWN_TYPE, "/type", text);
}

static int check_rights(const jj_rights *rights, const jj_admitted *a, jj_error *err)
{
    if (!jj_rights_publish(rights, a->type->name)) {
        return refuse(err, JJ_EFORBIDDEN, "/type", "this agency may not publish this type");
    }
    if (!jj_region_covered(rights->regions, a->attributes[REGION])) {
        return refuse(err, JJ_EFORBIDDEN, "/region", "this agency may not publish for this region");
    }
    return 0;
}

static int check_schema(const json_t *data, jj_admitted *a, jj_error *err)
{
    if (jj_schema_check(a->type->schema, data, &a->report)) {
        a->report.count = 0;
        return 0;
    }
    const jj_problem *first = &a->report.list[0];
    char pointer[sizeof err->field];
    snprintf(pointer, sizeof pointer, "/data%s", first->field);
    return refuse(err, JJ_EINVALID, pointer, first->expected);
}

/* ---- Person ------------------------------------------------------------------------------- */

/* Turns data.nik into the person key. Both given: they must be the same person. */
static int identify(const jj_intake *intake, const json_t *data, jj_admitted *a, jj_error *err)
{
    unsigned char uuid[16];
    const char *nik = jj_json_string(data, "nik");
    bool is_person = a->type->subject && strcmp(a->type->subject, "person") == 0;
    a->nik[0] = '\0';
    if (nik) {
        enum jj_nik_verdict verdict = jj_nik_check(nik, strlen(nik));
        if (verdict != JJ_NIK_OK) {
            return refuse(err, JJ_EINVALID, "/data/nik", jj_nik_problem(verdict));
        }
        memcpy(a->nik, nik, sizeof a->nik);
    }
    if (nik && is_person) {
        char key[JJ_UUID_SIZE];
        jj_person_key(intake->secrets->person_key, nik, key);
        if (a->subject[0] && strcmp(a->subject, key) != 0) {
            return refuse(err, JJ_EINVALID, "/subject", "subject and data.nik are two persons");
        }
        memcpy(a->subject, key, sizeof key);
    }
    if (!a->subject[0]) {
        return refuse(err, JJ_EINVALID, is_person ? "/data/nik" : "/subject",
                      is_person ? "a person is named by data.nik or, if known, by the person key "
                                  "in subject"
                                : "required for this type: the key of the entity");
    }
    if (!jj_uuid_parse(a->subject, strlen(a->subject), uuid)) {
        return refuse(err, JJ_EINVALID, "/subject", "a UUID is expected");
    }
    jj_uuid_format(uuid, a->subject); /* lower case: one person, one text */
    return 0;
}

/* ---- Text --------------------------------------------------------------------------------- */

static void add_member(jj_buf *out, const jj_member *member)
{
    if (!jj_buf_reserve(out, member->name.size_bytes + member->value.size_bytes + 5)) {
        return;
    }
    char *at = out->data + out->size;
    *at++ = out->size > 1 ? ',' : '{';
    *at++ = '"';
    at = mempcpy(at, member->name.at, member->name.size_bytes);
    *at++ = '"';
    *at++ = ':';
    at = mempcpy(at, member->value.at, member->value.size_bytes);
    *at = '\0';
    out->size = (size_t)(at - out->data);
}

/* Copies a value without the white space outside of its strings. */
static char *copy_compact(char *out, jj_span value)
{
    bool in_string = false;
    for (size_t i = 0; i < value.size_bytes; i++) {
        char c = value.at[i];
        if (in_string && c == '\\' && i + 1 < value.size_bytes) {
            *out++ = c;
            c = value.at[++i];
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            continue;
        }
        *out++ = c;
    }
    return out;
}

/* White space outside strings says nothing: it is left out, so that the same content gives the
 * same digest however it was laid out. */
static uint64_t digest_member(const jj_intake *intake, const char *where, const jj_member *member,
                              jj_buf *scratch)
{
    size_t where_size = strlen(where);
    jj_buf_reset(scratch);
    if (!jj_buf_reserve(scratch,
                        where_size + member->name.size_bytes + member->value.size_bytes + 1)) {
        return 0;
    }
    char *out = mempcpy(scratch->data, where, where_size);
    out = mempcpy(out, member->name.at, member->name.size_bytes);
    *out++ = ':';
    bool nested = member->value.at[0] == '{' || member->value.at[0] == '[';
    out = nested ? copy_compact(out, member->value)
                 : mempcpy(out, member->value.at, member->value.size_bytes);
    return jj_siphash(intake->digest_secret, scratch->data, (size_t)(out - scratch->data));
}

/* Splits data into what is journaled and what goes to the vault. The order of members does not
 * count for the digest: their hashes are added up. */
static uint64_t split_data(const jj_intake *intake, jj_span data, jj_admitted *a)
{
    jj_members walk;
    jj_member member;
    uint64_t digest = 0;
    jj_buf_reset(&a->data);
    jj_buf_reset(&a->contact);
    for (jj_members_start(&walk, data); jj_members_next(&walk, &member);) {
        char name[128];
        const jj_property *property = NULL;
        digest += digest_member(intake, "data/", &member, &a->scratch);
        if (a->type->has_vault && member.name.size_bytes < sizeof name) {
            memcpy(name, member.name.at, member.name.size_bytes);
            name[member.name.size_bytes] = '\0';
            property = jj_type_property(a->type, name);
        }
        add_member(property && property->vault ? &a->contact : &a->data, &member);
    }
    jj_buf_puts(&a->data, a->data.size ? "}" : "{}");
    if (a->contact.size) {
        jj_buf_putc(&a->contact, '}');
    }
    return digest;
}

/* The members that the hub itself makes. A whole message is accepted at one moment: its text is
 * made once. */
static void add_made(jj_admitted *a, int64_t recorded_ms)
{
    if (a->recorded_ms != recorded_ms || !a->recorded[0]) {
        jj_time_format(recorded_ms, a->recorded);
        a->recorded_ms = recorded_ms;
    }
    jj_buf_puts(&a->text, ",\"subject\":\"");
    jj_buf_puts(&a->text, a->subject);
    jj_buf_puts(&a->text, "\",\"recordedtime\":\"");
    jj_buf_puts(&a->text, a->recorded);
    jj_buf_puts(&a->text, "\"}");
}

/* Writes the text that is journaled: the members as they came, but data without contact, subject
 * as it was made, and the time of acceptance. */
static void rewrite(const jj_intake *intake, jj_span event, int64_t recorded_ms, jj_admitted *a)
{
    jj_members walk;
    jj_member member;
    uint64_t digest = 0;
    jj_buf_reset(&a->text);
    for (jj_members_start(&walk, event); jj_members_next(&walk, &member);) {
        if (jj_span_is(member.name, "subject") || jj_span_is(member.name, "recordedtime")) {
            continue;
        }
        if (jj_span_is(member.name, "data")) {
            digest += split_data(intake, member.value, a);
            member.value = (jj_span){a->data.data, a->data.size};
        } else {
            digest += digest_member(intake, "", &member, &a->scratch);
        }
        add_member(&a->text, &member);
    }
    add_made(a, recorded_ms);
    const jj_member subject = {{"subject", 7}, {a->subject, strlen(a->subject)}};
    a->record.digest = digest + digest_member(intake, "", &subject, &a->scratch);
}

/* Seals the contact members, if there are any. */
static int seal_contact(const jj_intake *intake, jj_admitted *a, jj_error *err)
{
    jj_buf_reset(&a->sealed);
    if (!a->contact.size) {
        return 0;
    }
    jj_span contact = {a->contact.data, a->contact.size};
    if (a->contact.failed || jj_seal(intake->secrets, "vault", a->subject, contact, &a->sealed)) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    return 0;
}

/* The NIK of this very event somewhere else in it, in a description for instance. */
static int check_leak(const jj_admitted *a, jj_error *err)
{
    if (a->nik[0] && memmem(a->text.data, a->text.size, a->nik, 16)) {
        return refuse(err, JJ_EINVALID, "/data",
                      "the NIK stands in another member beside data.nik; take it out there");
    }
    return 0;
}

static void fill_record(jj_admitted *a, const jj_rights *rights)
{
    const char *id = a->attributes[ID], *source = a->attributes[SOURCE];
    jj_record *record = &a->record;
    jj_event_key(record->time_ms, source, strlen(source), id, strlen(id), record->key);
    record->cursor = 0;
    record->type = a->type->name;
    record->region = a->attributes[REGION];
    record->owner = rights->agency;
    record->recipient = a->attributes[RECIPIENT];
    record->subject = a->subject;
    record->text = (jj_span){a->text.data, a->text.size};
    record->contact = (jj_span){a->sealed.data, a->sealed.size};
}

static uint32_t audiences_of(const json_t *list)
{
    uint32_t audiences = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        audiences |= name ? jj_audience_parse(name) : 0;
    }
    return audiences;
}

/* Consent is said by its own two events, and by a `consent` member that comes with another. */
static void read_consent(const json_t *data, jj_admitted *a)
{
    uint32_t named = audiences_of(json_object_get(data, "audiences"));
    a->granted = audiences_of(json_object_get(data, "consent"));
    a->withdrawn = 0;
    if (strcmp(a->type->name, "consent.granted") == 0) {
        a->granted = named;
    } else if (strcmp(a->type->name, "consent.withdrawn") == 0) {
        a->withdrawn = named;
    }
}

/* Member names with needless escapes would slip past comparisons of bytes: such an event is
 * written anew, once, before anything is cut out of it. */
static int normalise(json_t *event, jj_span *text, char **owned)
{
    jj_span data;
    *owned = NULL;
    if (!memchr(text->at, '\\', text->size_bytes)) {
        return 0;
    }
    if (!jj_span_has_escaped_names(*text) &&
        (!jj_span_find(*text, "data", &data) || !jj_span_has_escaped_names(data))) {
        return 0;
    }
    *owned = json_dumps(event, JSON_COMPACT);
    if (!*owned) {
        return JJ_EMEMORY;
    }
    *text = (jj_span){*owned, strlen(*owned)};
    return 0;
}

static int admit(const jj_intake *intake, const jj_rights *rights, json_t *event, jj_span text,
                 int64_t recorded_ms, jj_admitted *a, jj_error *err)
{
    char *owned = NULL;
    const json_t *data;
    int rc = check_envelope(event, a, err);
    rc = rc ? rc : check_type(intake, a, err);
    rc = rc ? rc : check_rights(rights, a, err);
    if (rc) {
        return rc;
    }
    data = json_object_get(event, "data");
    rc = check_schema(data, a, err);
    rc = rc ? rc : identify(intake, data, a, err);
    read_consent(data, a);
    if (rc == 0 && normalise(event, &text, &owned)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (rc == 0) {
        rewrite(intake, text, recorded_ms, a);
        rc = seal_contact(intake, a, err);
        rc = rc ? rc : check_leak(a, err);
    }
    if (rc == 0 && (a->text.failed || a->data.failed || a->scratch.failed)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    free(owned);
    return rc;
}

int jj_intake_admit(const jj_intake *intake, const jj_rights *rights, const char *text,
                    size_t size_bytes, int64_t recorded_ms, jj_admitted *admitted, jj_error *err)
{
    json_t *event = NULL;
    admitted->report.count = 0;
    admitted->type = NULL;
    admitted->attributes[TYPE][0] = '\0';
    int rc = jj_json_load(&event, text, size_bytes, JJ_FRAME_MAX, err);
    if (rc == 0) {
        rc = admit(intake, rights, event, (jj_span){text, size_bytes}, recorded_ms, admitted, err);
    }
    json_decref(event);
    if (rc == 0) {
        fill_record(admitted, rights);
    }
    return rc;
}

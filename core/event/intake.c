#include "event/intake.h"

#include "base/clock.h"
#include "event/envelope.h"
#include "event/key.h"
#include "event/leak.h"
#include "jejaring/client.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jj_admitted_clear(jj_admitted *admitted)
{
    jj_buf_clear(&admitted->text);
    jj_buf_clear(&admitted->data);
    jj_buf_clear(&admitted->contact);
    jj_buf_clear(&admitted->sealed);
    jj_buf_clear(&admitted->scratch);
}

/* ---- Type, rights, schema ----------------------------------------------------------------- */

static int check_type(const jj_intake *intake, jj_admitted *a, jj_error *err)
{
    const char *name = a->attributes[JJ_TYPE];
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
    return jj_intake_refuse(err, JJ_EUNKNOWN_TYPE, "/type", text);
}

static int check_rights(const jj_rights *rights, const jj_admitted *a, jj_error *err)
{
    if (!jj_rights_publish(rights, a->type->name)) {
        return jj_intake_refuse(err, JJ_EFORBIDDEN, "/type",
                                "this agency may not publish this type");
    }
    if (!jj_region_covered(rights->regions, a->attributes[JJ_REGION])) {
        return jj_intake_refuse(err, JJ_EFORBIDDEN, "/region",
                                "this agency may not publish for this region");
    }
    return 0;
}

/* Adds what the schema finds to the report. */
static int check_schema(const json_t *data, jj_admitted *a, jj_error *err)
{
    jj_report found; /* 15 KiB: not cleared for each event */
    found.count = 0;
    found.exhausted = false;
    if (jj_schema_check(a->type->schema, data, &found)) {
        return 0;
    }
    size_t before = a->report.count;
    size_t count = found.count < JJ_PROBLEMS_MAX ? found.count : JJ_PROBLEMS_MAX;
    for (size_t i = 0; i < count; i++) {
        char pointer[sizeof found.list[i].field];
        snprintf(pointer, sizeof pointer, "/data%s", found.list[i].field);
        jj_intake_note(&a->report, pointer, found.list[i].expected);
    }
    a->report.count += found.count - count;
    char pointer[sizeof err->field];
    snprintf(pointer, sizeof pointer, "/data%s", found.list[0].field);
    return before ? JJ_EINVALID
                  : jj_intake_refuse(err, JJ_EINVALID, pointer, found.list[0].expected);
}

/* The envelope has problems: what the schema has to say beside them, where the event is of a type
 * that its sender may publish. */
static void check_the_rest(const jj_intake *intake, const jj_rights *rights, const json_t *event,
                           jj_admitted *a)
{
    const char *name = a->attributes[JJ_TYPE];
    const json_t *data = json_object_get(event, "data");
    a->type = jj_catalogue_find(intake->catalogue, name, strlen(name));
    if (a->type && jj_rights_publish(rights, a->type->name) && json_is_object(data)) {
        check_schema(data, a, NULL);
    }
}

/* ---- Person ------------------------------------------------------------------------------- */

static bool is_about_person(const jj_type *type)
{
    return type->subject && strcmp(type->subject, "person") == 0;
}

/* A key that the sender gave, beside the one made of data.nik: it must be the same person. */
static bool is_same_person(const char *given, const char *key)
{
    unsigned char uuid[16];
    char text[JJ_UUID_SIZE] = "";
    if (jj_uuid_parse(given, strlen(given), uuid)) {
        jj_uuid_format(uuid, text);
    }
    return strcmp(text, key) == 0;
}

/* Turns data.nik into the person key, in subject or in data.person. */
static int use_nik(const jj_intake *intake, const json_t *data, jj_admitted *a, jj_error *err)
{
    char key[JJ_UUID_SIZE];
    const char *nik = jj_json_string(data, "nik");
    const char *given = jj_json_string(data, "person");
    a->nik[0] = a->person[0] = '\0';
    if (!nik) {
        return 0;
    }
    enum jj_nik_verdict verdict = jj_nik_check(nik, strlen(nik));
    if (verdict != JJ_NIK_OK) {
        return jj_intake_refuse(err, JJ_EINVALID, "/data/nik", jj_nik_problem(verdict));
    }
    memcpy(a->nik, nik, sizeof a->nik);
    jj_person_key(intake->secrets->person_key, nik, key);
    if (is_about_person(a->type)) {
        if (a->subject[0] && !is_same_person(a->subject, key)) {
            return jj_intake_refuse(err, JJ_EINVALID, "/subject",
                                    "subject and data.nik are two persons");
        }
        memcpy(a->subject, key, sizeof key);
    } else if (jj_type_property(a->type, "person")) {
        if (given && !is_same_person(given, key)) {
            return jj_intake_refuse(err, JJ_EINVALID, "/data/person",
                                    "person and nik are two persons");
        }
        memcpy(a->person, key, sizeof key);
    }
    return 0;
}

static int check_subject(jj_admitted *a, jj_error *err)
{
    unsigned char uuid[16];
    bool is_person = is_about_person(a->type);
    if (!a->subject[0]) {
        return jj_intake_refuse(
            err, JJ_EINVALID, is_person ? "/data/nik" : "/subject",
            is_person ? "a person is named by data.nik or, if known, by the person key "
                        "in subject"
                      : "required for this type: the key of the entity");
    }
    if (!jj_uuid_parse(a->subject, strlen(a->subject), uuid)) {
        return jj_intake_refuse(err, JJ_EINVALID, "/subject", "a UUID is expected");
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
static uint64_t digest_member(jj_admitted *a, const char *where, const jj_member *member)
{
    jj_buf *scratch = &a->scratch;
    size_t where_size = strlen(where);
    scratch->size = 0; /* a failure stays: see write_text */
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
    return jj_siphash(a->digest_key, scratch->data, (size_t)(out - scratch->data));
}

/* Neither the journal nor the key file alone is enough to try all NIKs and telephone numbers
 * against the digests. */
static void make_digest_key(const jj_intake *intake, jj_admitted *a)
{
    for (size_t i = 0; i < sizeof a->digest_key; i++) {
        a->digest_key[i] = intake->digest_secret[i] ^ intake->secrets->digest_key[i];
    }
}

/* What becomes of a member of data. */
enum fate {
    KEPT,
    SEALED,
    REPLACED, /* by the person key */
};

static enum fate fate_of(const jj_admitted *a, jj_span name)
{
    char copy[128];
    if (a->person[0] && (jj_span_is(name, "nik") || jj_span_is(name, "person"))) {
        return REPLACED;
    }
    if (!a->type->has_vault || name.size_bytes >= sizeof copy) {
        return KEPT;
    }
    memcpy(copy, name.at, name.size_bytes);
    copy[name.size_bytes] = '\0';
    const jj_property *property = jj_type_property(a->type, copy);
    return property && property->vault ? SEALED : KEPT;
}

/* Splits data into what is journaled and what goes to the vault. The order of members does not
 * count for the digest: their hashes are added up. A NIK counts by the key that is made of it, so
 * that an event is the same whether its sender names the person by one or by the other. */
static uint64_t split_data(jj_span data, jj_admitted *a)
{
    jj_members walk;
    jj_member member;
    uint64_t digest = 0;
    jj_buf_reset(&a->data);
    jj_buf_reset(&a->contact);
    for (jj_members_start(&walk, data); jj_members_next(&walk, &member);) {
        enum fate fate = fate_of(a, member.name);
        if (fate == REPLACED) {
            continue;
        }
        if (!jj_span_is(member.name, "nik")) {
            digest += digest_member(a, "data/", &member);
        }
        add_member(fate == SEALED ? &a->contact : &a->data, &member);
    }
    if (a->person[0]) {
        char quoted[JJ_UUID_SIZE + 2];
        int length = snprintf(quoted, sizeof quoted, "\"%s\"", a->person);
        member = (jj_member){{"person", 6}, {quoted, (size_t)length}};
        digest += digest_member(a, "data/", &member);
        add_member(&a->data, &member);
    }
    jj_buf_puts(&a->data, a->data.size ? "}" : "{}");
    if (a->contact.size) {
        jj_buf_putc(&a->contact, '}');
    }
    return digest;
}

/* The members that the hub itself makes. A whole message is accepted at one moment: its text is
 * made once. */
static void add_made(jj_admitted *a, int64_t recorded_ms, jj_span first)
{
    if (a->recorded_ms != recorded_ms || !a->recorded[0]) {
        jj_time_format(recorded_ms, a->recorded);
        a->recorded_ms = recorded_ms;
    }
    if (a->type->version > 1 && !a->has_dataschema && !a->passed_on) {
        jj_buf_printf(&a->text, ",\"dataschema\":\"" JJ_DATASCHEMA "%s:%d\"", a->type->name,
                      a->type->version);
    }
    jj_buf_puts(&a->text, ",\"subject\":\"");
    jj_buf_puts(&a->text, a->subject);
    jj_buf_puts(&a->text, "\",\"recordedtime\":\"");
    jj_buf_add(&a->text, first.size_bytes ? first.at : a->recorded,
               first.size_bytes ? first.size_bytes : strlen(a->recorded));
    jj_buf_puts(&a->text, "\"}");
}

/* What hubs say of an event, and nobody else: it is no part of its content. */
static bool is_hubs_own(jj_span name)
{
    return jj_span_is(name, "recordedtime") || jj_span_is(name, "origin") ||
           jj_span_is(name, "originsequence");
}

/* Takes such a member from who may say it: the time of the first acceptance, which is written at
 * the end, or where that was. */
static void take_own(jj_admitted *a, const jj_member *member, jj_span *first)
{
    int64_t time_ms;
    bool is_time = jj_span_is(member->name, "recordedtime");
    jj_span value = member->value;
    if (!a->passed_on || value.size_bytes <= 2) {
        return;
    }
    if (!is_time) {
        add_member(&a->text, member);
    } else if (jj_time_parse(value.at + 1, value.size_bytes - 2, &time_ms)) {
        *first = (jj_span){value.at + 1, value.size_bytes - 2};
    }
}

/* Writes the text that is journaled: the members as they came, but data without contact, subject
 * as it was made, and the time of acceptance. */
static void rewrite(jj_span event, int64_t recorded_ms, jj_admitted *a)
{
    jj_members walk;
    jj_member member;
    uint64_t digest = 0;
    jj_span first = {0};
    a->has_dataschema = false;
    jj_buf_reset(&a->text);
    jj_buf_reset(&a->scratch);
    for (jj_members_start(&walk, event); jj_members_next(&walk, &member);) {
        if (jj_span_is(member.name, "subject")) {
            continue;
        }
        if (is_hubs_own(member.name)) {
            take_own(a, &member, &first);
            continue;
        }
        if (jj_span_is(member.name, "dataschema")) {
            a->has_dataschema = true; /* a hub may have added it: no part of the content */
        } else if (jj_span_is(member.name, "data")) {
            digest += split_data(member.value, a);
            if (a->data.failed) {
                return; /* see write_text */
            }
            member.value = (jj_span){a->data.data, a->data.size};
        } else {
            digest += digest_member(a, "/", &member);
        }
        add_member(&a->text, &member);
    }
    add_made(a, recorded_ms, first);
    const jj_member subject = {{"subject", 7}, {a->subject, strlen(a->subject)}};
    a->record.digest = digest + digest_member(a, "/", &subject);
}

/* Seals the contact members, if there are any. */
static int seal_contact(const jj_intake *intake, jj_admitted *a)
{
    jj_buf_reset(&a->sealed);
    if (!a->contact.size) {
        return 0;
    }
    jj_span contact = {a->contact.data, a->contact.size};
    return jj_seal(intake->secrets, "vault", a->subject, contact, &a->sealed);
}

/* A NIK anywhere but where it is cut out: in a description, say, or as the event's id. And contact
 * that would not be cut out. */
static int check_leak(const jj_intake *intake, const json_t *event, const jj_admitted *a,
                      jj_error *err)
{
    char field[sizeof err->field];
    if (jj_leak_find_contact(event, a->type, intake->catalogue, field, sizeof field)) {
        return jj_intake_refuse(
            err, JJ_EINVALID, field,
            "a member by whose name contact is sent (a name, telephone, address ...) is not among "
            "those of this type, and could not be sealed; leave it out");
    }
    if (jj_leak_find(event, a->type, a->nik, field, sizeof field)) {
        return jj_intake_refuse(
            err, JJ_EINVALID, field,
            "a NIK (16 digits with a birth date) may stand in data.nik only; take it out "
            "here");
    }
    return 0;
}

/* Makes what is stored. */
static int write_text(const jj_intake *intake, jj_span text, int64_t recorded_ms, jj_admitted *a,
                      jj_error *err)
{
    make_digest_key(intake, a);
    rewrite(text, recorded_ms, a);
    if (a->text.failed || a->data.failed || a->contact.failed || a->scratch.failed ||
        seal_contact(intake, a)) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (a->text.size > JJ_FRAME_MAX) {
        return jj_fail(err, JJ_ETOO_LARGE,
                       "%zu bytes with what the hub adds, at most %d go into one frame",
                       a->text.size, JJ_FRAME_MAX);
    }
    return 0;
}

static void fill_record(jj_admitted *a, const jj_rights *rights)
{
    const char *id = a->attributes[JJ_ID], *source = a->attributes[JJ_SOURCE];
    jj_record *record = &a->record;
    jj_event_key(record->time_ms, source, strlen(source), id, strlen(id), record->key);
    record->cursor = 0;
    record->type = a->type->name;
    record->region = a->attributes[JJ_REGION];
    record->owner = rights->agency;
    /* Another node's agencies have ids of their own, which may be those of ours. */
    bool elsewhere = a->passed_on && a->type->addressed;
    record->recipient = elsewhere ? "" : a->attributes[JJ_RECIPIENT];
    record->subject = a->subject;
    record->text = (jj_span){a->text.data, a->text.size};
    record->contact = (jj_span){a->sealed.data, a->sealed.size};
}

/* The audiences that a member names, if the type's schema knows such a member: in another type it
 * is anybody's word, kept unread like every unknown member. */
static uint32_t audiences_in(const json_t *data, const jj_type *type, const char *name)
{
    uint32_t audiences = 0;
    const json_t *list = json_object_get(data, name);
    if (!is_about_person(type) || !jj_type_property(type, name)) {
        return 0;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *audience = json_string_value(json_array_get(list, i));
        audiences |= audience ? jj_audience_parse(audience) : 0;
    }
    return audiences & ~(uint32_t)(JJ_AUDIENCE_OWNER | JJ_AUDIENCE_NODE);
}

/* Consent is said by its own two events, and by a `consent` member that comes with another. */
static void read_consent(const json_t *data, jj_admitted *a)
{
    uint32_t named = audiences_in(data, a->type, "audiences");
    a->granted = audiences_in(data, a->type, "consent");
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
    *owned = jj_json_text(event, JSON_COMPACT);
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
    int rc = jj_envelope_check(event, recorded_ms, intake->ahead_ms, a, err);
    if (rc) {
        check_the_rest(intake, rights, event, a);
        return rc;
    }
    rc = check_type(intake, a, err);
    rc = rc ? rc : check_rights(rights, a, err);
    rc = rc ? rc : jj_envelope_version(event, a->type, err);
    if (rc) {
        return rc;
    }
    data = json_object_get(event, "data");
    rc = check_schema(data, a, err);
    rc = rc ? rc : use_nik(intake, data, a, err);
    rc = rc ? rc : check_subject(a, err);
    rc = rc ? rc : check_leak(intake, event, a, err);
    read_consent(data, a);
    if (rc == 0 && normalise(event, &text, &owned)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    rc = rc ? rc : write_text(intake, text, recorded_ms, a, err);
    free(owned);
    return rc;
}

int jj_intake_admit(const jj_intake *intake, const jj_rights *rights, const char *text,
                    size_t size_bytes, int64_t recorded_ms, jj_admitted *admitted, jj_error *err)
{
    json_t *event = NULL;
    admitted->report.count = 0;
    admitted->type = NULL;
    admitted->passed_on = rights->node != NULL;
    admitted->attributes[JJ_TYPE][0] = '\0';
    int rc = jj_json_is_wide(text, size_bytes)
                 ? jj_fail(err, JJ_ETOO_LARGE, "more than %d values", JJ_JSON_VALUES_MAX)
                 : jj_json_load(&event, text, size_bytes, JJ_FRAME_MAX, err);
    if (rc == 0) {
        rc = admit(intake, rights, event, (jj_span){text, size_bytes}, recorded_ms, admitted, err);
    }
    json_decref(event);
    if (rc == 0) {
        fill_record(admitted, rights);
    }
    return rc;
}

#include "event/intake.h"

#include "base/clock.h"
#include "event/envelope.h"
#include "event/key.h"
#include "event/leak.h"
#include "event/text.h"
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
        char pointer[sizeof found.list[i].field], text[sizeof found.list[i].expected];
        snprintf(pointer, sizeof pointer, "/data%s", found.list[i].field);
        snprintf(text, sizeof text, "expected %s", found.list[i].expected);
        jj_intake_note(&a->report, pointer, text);
        if (i == 0 && before == 0) {
            jj_intake_refuse(err, JJ_EINVALID, pointer, text);
        }
    }
    a->report.count += found.count - count;
    return JJ_EINVALID;
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

/* ---- Record ----------------------------------------------------------------------------- */

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

static int admit(const jj_intake *intake, const jj_rights *rights, json_t *event, jj_span text,
                 int64_t recorded_ms, jj_admitted *a, jj_error *err)
{
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
    return rc ? rc : jj_intake_text(intake, event, text, recorded_ms, a, err);
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

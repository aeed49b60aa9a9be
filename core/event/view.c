#include "event/view.h"

#include "schema/audience.h"

#include <string.h>

bool jj_view_shows(const jj_property *property, uint32_t audiences, uint32_t consent)
{
    uint32_t without_consent = ~property->consent | JJ_AUDIENCE_OWNER;
    return property->class != JJ_CLASS_NONE &&
           (property->audience & audiences & (without_consent | consent)) != 0;
}

/* True if somebody of these audiences may see anything of the event. */
static bool shows_any(const jj_type *type, uint32_t audiences, uint32_t consent)
{
    for (size_t i = 0; i < type->property_count; i++) {
        if (jj_view_shows(&type->properties[i], audiences, consent)) {
            return true;
        }
    }
    return false;
}

/* Audiences as which the reader sees what others have published. */
static uint32_t reads_as(const jj_type *type, const jj_rights *rights, const jj_record *record)
{
    if (record->recipient[0] && strcmp(record->recipient, rights->agency) == 0) {
        return rights->audiences;
    }
    if (type->addressed) {
        return rights->audiences & ~type->addressed;
    }
    return record->recipient[0] ? 0 : rights->audiences;
}

bool jj_view_allowed(const jj_type *type, const jj_rights *rights, const jj_record *record,
                     uint32_t consent)
{
    if (rights->audiences & JJ_AUDIENCE_NODE || strcmp(record->owner, rights->agency) == 0) {
        return true;
    }
    return jj_region_covered(rights->sees ? rights->sees : rights->regions, record->region) &&
           shows_any(type, reads_as(type, rights, record), consent);
}

static bool any_asks_consent(const jj_property *list, size_t count, uint32_t audiences)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].consent & list[i].audience & audiences ||
            any_asks_consent(list[i].members, list[i].member_count, audiences)) {
            return true;
        }
    }
    return false;
}

bool jj_view_asks_consent(const jj_type *type, uint32_t audiences)
{
    return any_asks_consent(type->properties, type->property_count, audiences);
}

static const jj_property *find(const jj_property *list, size_t count, jj_span name)
{
    for (size_t i = 0; i < count; i++) {
        if (jj_span_is(name, list[i].name)) {
            return &list[i];
        }
    }
    return NULL;
}

typedef struct projection {
    uint32_t audiences, consent;
    jj_buf *out;
} projection;

static void add_name(jj_buf *out, bool first, jj_span name)
{
    jj_buf_puts(out, first ? "\"" : ",\"");
    jj_buf_add(out, name.at, name.size_bytes);
    jj_buf_add(out, "\":", 2);
}

/* Copies the members of an object that may be seen. An object whose members are classified one by
 * one is entered; one without members in its schema is shown or hidden whole. Recursion ends with
 * the schema. */
static void project(const projection *p, const jj_property *list, size_t count, jj_span object)
{
    jj_members walk;
    jj_member member;
    bool first = true;
    jj_buf_putc(p->out, '{');
    for (jj_members_start(&walk, object); jj_members_next(&walk, &member);) {
        const jj_property *property = find(list, count, member.name);
        if (!property || !jj_view_shows(property, p->audiences, p->consent)) {
            continue;
        }
        add_name(p->out, first, member.name);
        first = false;
        if (property->member_count && member.value.at[0] == '{') {
            project(p, property->members, property->member_count, member.value);
        } else {
            jj_buf_add(p->out, member.value.at, member.value.size_bytes);
        }
    }
    jj_buf_putc(p->out, '}');
}

/* A person key is a pseudonym, and a pseudonym is personal: the public never gets one. */
static bool shows_subject(const jj_type *type, uint32_t audiences, uint32_t consent)
{
    bool is_person = type->subject && strcmp(type->subject, "person") == 0;
    return !is_person || audiences & JJ_AUDIENCE_OWNER ||
           shows_any(type, audiences & ~(uint32_t)JJ_AUDIENCE_PUBLIC, consent);
}

void jj_view_write(const jj_type *type, const jj_rights *rights, const jj_record *record,
                   uint32_t consent, jj_buf *out)
{
    if (rights->audiences & JJ_AUDIENCE_NODE) {
        jj_buf_add(out, record->text.at, record->text.size_bytes);
        return;
    }
    bool owner = strcmp(record->owner, rights->agency) == 0;
    uint32_t audiences =
        owner ? rights->audiences | JJ_AUDIENCE_OWNER : reads_as(type, rights, record);
    projection p = {audiences, consent, out};
    jj_members walk;
    jj_member member;
    bool first = true, named = shows_subject(type, p.audiences, consent);
    jj_buf_putc(out, '{');
    for (jj_members_start(&walk, record->text); jj_members_next(&walk, &member);) {
        if (!named && jj_span_is(member.name, "subject")) {
            continue;
        }
        add_name(out, first, member.name);
        first = false;
        if (jj_span_is(member.name, "data")) {
            project(&p, type->properties, type->property_count, member.value);
        } else {
            jj_buf_add(out, member.value.at, member.value.size_bytes);
        }
    }
    jj_buf_putc(out, '}');
}

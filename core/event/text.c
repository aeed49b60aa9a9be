/* The text: members are copied as they came, so that nothing of them is lost or changed. */
#include "event/text.h"

#include "base/clock.h"
#include "jejaring/client.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int jj_intake_text(const jj_intake *intake, json_t *event, jj_span text, int64_t recorded_ms,
                   jj_admitted *a, jj_error *err)
{
    char *owned = NULL;
    int rc = normalise(event, &text, &owned) ? jj_fail(err, JJ_EMEMORY, "out of memory")
                                             : write_text(intake, text, recorded_ms, a, err);
    free(owned);
    return rc;
}

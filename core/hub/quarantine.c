#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ENTRIES 100
#define HIDDEN       "***"

/* ---- Masking ------------------------------------------------------------------------------ */

/* What may be shown of a refused event: public and internal members; nothing of which the schema
 * does not say what it is, no text of several words where a code belongs, and no long run of
 * digits. */
static json_t *masked_text(const char *text)
{
    size_t run = 0, longest = 0;
    for (const char *at = text; *at; at++) {
        run = *at >= '0' && *at <= '9' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return json_string(longest >= 10 ? HIDDEN : text);
}

static json_t *masked_attribute(const char *text)
{
    bool words = strpbrk(text, " \t\r\n") != NULL;
    return words ? json_string(HIDDEN) : masked_text(text);
}

static json_t *masked_data(const jj_type *type, const json_t *data)
{
    json_t *out = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)data, name, value)
    {
        const jj_property *property = type ? jj_type_property(type, name) : NULL;
        bool open = property && !property->vault && !json_is_object(value) &&
                    (property->class == JJ_CLASS_PUBLIC || property->class == JJ_CLASS_INTERNAL);
        json_t *shown = !open                   ? json_string(HIDDEN)
                        : json_is_string(value) ? masked_text(json_string_value(value))
                                                : json_incref(value);
        /* The name of a member that nobody knows may be data itself. */
        out = jj_json_put(out, property ? name : HIDDEN, shown);
    }
    return out;
}

/* NULL without memory. */
static json_t *masked_event(const jj_hub *hub, const json_t *event)
{
    static const char *const shown[] = {"id", "source", "type", "time", "region", NULL};
    json_t *out = json_object();
    const char *name = jj_json_string(event, "type");
    const jj_type *type = name ? jj_catalogue_find(hub->catalogue, name, strlen(name)) : NULL;
    for (size_t i = 0; shown[i]; i++) {
        const char *text = jj_json_string(event, shown[i]);
        if (text) {
            out = jj_json_put(out, shown[i], masked_attribute(text));
        }
    }
    return jj_json_put(out, "data", masked_data(type, json_object_get(event, "data")));
}

/* The refused event as it came, if it can be opened and is JSON; else NULL. False without memory.
 */
static bool open_event(const jj_hub *hub, const jj_quarantined *entry, jj_buf *text, json_t **event)
{
    int rc = jj_unseal(&hub->secrets, "quarantine", entry->agency, entry->sealed, text);
    *event = NULL;
    rc = rc ? rc : jj_json_load(event, text->data, text->size, JJ_FRAME_MAX, NULL);
    return rc != JJ_EMEMORY;
}

/* ---- QUARANTINE --------------------------------------------------------------------------- */

typedef struct listing {
    const jj_hub *hub;
    int64_t only; /* one number; 0: a page */
    json_t *entries;
    bool more;
    bool failed; /* one is missing, for want of memory */
} listing;

static bool add_entry(void *arg, const jj_quarantined *entry)
{
    listing *l = arg;
    if (json_array_size(l->entries) == PAGE_ENTRIES) {
        l->more = true;
        return false;
    }
    if (l->only && entry->number != l->only) {
        return false;
    }
    char time[JJ_TIME_SIZE];
    jj_buf text = {0};
    json_t *event;
    l->failed = !open_event(l->hub, entry, &text, &event) || l->failed;
    jj_time_format(entry->at_ms, time);
    json_t *shown_entry = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "number", (json_int_t)entry->number,
        "at", time, "agency", entry->agency, "origin", entry->origin, "code", entry->code, "field",
        entry->field, "detail", entry->detail, "type", entry->type, "size_bytes",
        (json_int_t)text.size, "event", event ? masked_event(l->hub, event) : json_null());
    l->failed = json_array_append_new(l->entries, shown_entry) || l->failed;
    json_decref(event);
    jj_buf_clear(&text);
    return l->only == 0;
}

static int number_of(const jj_request *request, const char *name, int64_t *number, jj_error *err)
{
    uint64_t value;
    int rc = jj_option_count(request->options, name, 0, INT64_MAX, &value, err);
    *number = rc ? 0 : (int64_t)value;
    return rc;
}

void jj_hub_quarantine_list(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    int64_t after, only;
    listing l = {.hub = hub, .entries = json_array()};
    if (!jj_hub_is_admin(request)) {
        json_decref(l.entries);
        return;
    }
    int rc = number_of(request, "after", &after, &err);
    rc = rc ? rc : number_of(request, "number", &only, &err);
    if (rc == 0) {
        l.only = only;
        rc = jj_journal_quarantine_read(hub->journal, only ? only - 1 : after, add_entry, &l, &err);
    }
    if (rc == 0 && l.failed) {
        rc = jj_fail(&err, JJ_EMEMORY, "out of memory");
    }
    if (rc) {
        jj_request_fail(request, &err);
        json_decref(l.entries);
        return;
    }
    jj_reply_json(request, json_pack("{s:o, s:b}", "entries", l.entries, "more", l.more));
}

/* ---- RETRY and DROP ----------------------------------------------------------------------- */

typedef struct sought {
    const jj_hub *hub;
    int64_t number;
    bool found;
    bool failed; /* there was no memory to open it */
    char agency[JJ_ATTRIBUTE_MAX + 1];
    char origin[sizeof((jj_consumer *)0)->name]; /* how it came, or a consumer */
    bool cut;                                    /* only its beginning is kept */
    jj_buf text;
} sought;

static bool take_entry(void *arg, const jj_quarantined *entry)
{
    sought *s = arg;
    if (entry->number == s->number) {
        snprintf(s->agency, sizeof s->agency, "%s", entry->agency);
        snprintf(s->origin, sizeof s->origin, "%s", entry->origin);
        s->cut = strcmp(entry->code, jj_code_name(JJ_ETOO_LARGE)) == 0;
        int rc = jj_unseal(&s->hub->secrets, "quarantine", entry->agency, entry->sealed, &s->text);
        s->found = rc == 0;
        s->failed = rc == JJ_EMEMORY;
    }
    return false;
}

static int find_entry(jj_hub *hub, const jj_request *request, sought *s, jj_error *err)
{
    *s = (sought){.hub = hub};
    int rc = number_of(request, "number", &s->number, err);
    rc = rc ? rc : jj_journal_quarantine_read(hub->journal, s->number - 1, take_entry, s, err);
    if (rc == 0 && s->failed) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    } else if (rc == 0 && !s->found) {
        rc = jj_fail(err, JJ_EINVALID, "there is no entry of this number in quarantine");
    }
    return rc;
}

/* Judges the event once more, as its agency, under the rules of today. */
static int retry(jj_hub *hub, sought *s, jj_counts *counts, jj_error *err)
{
    const jj_rights *known = jj_hub_agency(hub, s->agency);
    jj_rights rights = known ? *known : (jj_rights){0};
    if (s->cut) {
        return jj_fail(err, JJ_ETOO_LARGE, "it was too large, and is not kept whole");
    }
    if (!known) {
        return jj_fail(err, JJ_EFORBIDDEN, "the agency %s is not known any more", s->agency);
    }
    if (strcmp(s->origin, JJ_PUT_ASIDE_PASSING) == 0) {
        rights.node = ""; /* not of a node below: what it says of its origin holds */
    }
    int rc = jj_intake_admit(&hub->intake, &rights, s->text.data, s->text.size, jj_now_ms(),
                             &hub->admitted, err);
    if (rc == 0 && rights.node) {
        rc = jj_hub_pass_again(hub, &rights, &hub->admitted, err);
    }
    if (rc) {
        return rc;
    }
    counts->received = 1;
    switch (jj_hub_append(hub, &hub->admitted)) {
    case JJ_KNOWN_NOT:
        counts->accepted = 1;
        return 0;
    case JJ_KNOWN_DUPLICATE:
        counts->duplicate = 1;
        return 0;
    default:
        counts->received = 0;
        return jj_fail(err, JJ_ECONFLICT,
                       "an event of the same source, id and time was accepted with other content");
    }
}

void jj_hub_quarantine_retry(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_counts counts = {0};
    jj_buf result = {0};
    sought s;
    if (!jj_hub_is_admin(request)) {
        return;
    }
    jj_journal_begin(hub->journal);
    int rc = find_entry(hub, request, &s, &err);
    bool again = rc == 0 && strcmp(s.origin, JJ_PUT_ASIDE_COMING) != 0 &&
                 strcmp(s.origin, JJ_PUT_ASIDE_PASSING) != 0;
    if (again) {
        rc = jj_hub_retry_later(hub, s.number, s.origin, &err);
    } else {
        rc = rc ? rc : retry(hub, &s, &counts, &err);
    }
    if (rc) {
        jj_request_fail(request, &err);
    } else if (again) {
        jj_buf_puts(&result, "{\"accepted\":0,\"duplicate\":0,\"again\":");
        jj_buf_json_z(&result, s.origin);
        jj_buf_putc(&result, '}');
        jj_hub_hold_ok(hub, request, &result);
        jj_hub_dismiss_consumer(hub, s.origin);
    } else {
        jj_journal_count(hub->journal, &counts);
        jj_journal_quarantine_drop(hub->journal, s.number);
        jj_hub_node_settled(hub, s.agency);
        jj_buf_printf(&result, "{\"accepted\":%llu,\"duplicate\":%llu}",
                      (unsigned long long)counts.accepted, (unsigned long long)counts.duplicate);
        jj_hub_hold_ok(hub, request, &result);
    }
    jj_buf_clear(&result);
    jj_buf_clear(&s.text);
}

void jj_hub_quarantine_drop(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    jj_buf result = {0};
    sought s;
    if (!jj_hub_is_admin(request)) {
        return;
    }
    jj_journal_begin(hub->journal);
    if (find_entry(hub, request, &s, &err)) {
        jj_request_fail(request, &err);
    } else {
        jj_journal_quarantine_drop(hub->journal, s.number);
        jj_hub_node_settled(hub, s.agency);
        jj_buf_puts(&result, "{\"dropped\":1}");
        jj_hub_hold_ok(hub, request, &result);
    }
    jj_buf_clear(&result);
    jj_buf_clear(&s.text);
}

/* ---- Erasure ------------------------------------------------------------------------------ */

typedef struct purge {
    jj_hub *hub;
    int64_t numbers[256];
    size_t count;
    int64_t last; /* number of the last entry looked at */
} purge;

static bool is_erased(const jj_hub *hub, const char *person)
{
    for (const jj_erased *erased = hub->erased; erased; erased = erased->next) {
        if (strcmp(erased->person, person) == 0) {
            return true;
        }
    }
    return false;
}

/* A person who is erased, by key, or by NIK wherever it stands: many an event is here because it is
 * no JSON, or because of a NIK in the wrong place. */
static bool concerns(const jj_hub *hub, const jj_buf *text)
{
    size_t run = 0, at = 0;
    char key[JJ_UUID_SIZE];
    while (text->size && jj_uuid_next(text->data, text->size, &at, key)) {
        if (is_erased(hub, key)) {
            return true;
        }
    }
    for (size_t i = 0; i < text->size; i++) {
        run = text->data[i] >= '0' && text->data[i] <= '9' ? run + 1 : 0;
        if (run >= 16 && jj_nik_check(text->data + i - 15, 16) == JJ_NIK_OK) {
            jj_person_key(hub->secrets.person_key, text->data + i - 15, key);
            if (is_erased(hub, key)) {
                return true;
            }
        }
    }
    return false;
}

static bool look_at(void *arg, const jj_quarantined *entry)
{
    purge *p = arg;
    jj_buf text = {0};
    int rc = jj_unseal(&p->hub->secrets, "quarantine", entry->agency, entry->sealed, &text);
    if (rc == JJ_EMEMORY) {
        jj_journal_spoil(p->hub->journal, "out of memory"); /* it may be about somebody erased */
    } else if (rc == 0 && concerns(p->hub, &text)) {
        p->numbers[p->count++] = entry->number;
    }
    p->last = entry->number;
    jj_buf_clear(&text);
    return p->count < sizeof p->numbers / sizeof *p->numbers;
}

void jj_hub_quarantine_erase(jj_hub *hub)
{
    purge p = {.hub = hub};
    jj_error err;
    do {
        p.count = 0;
        if (jj_journal_quarantine_read(hub->journal, p.last, look_at, &p, &err)) {
            jj_journal_spoil(hub->journal, err.text);
            return;
        }
        for (size_t i = 0; i < p.count; i++) {
            jj_journal_quarantine_drop(hub->journal, p.numbers[i]);
        }
    } while (p.count == sizeof p.numbers / sizeof *p.numbers);
}

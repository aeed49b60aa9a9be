#include "hub/internal.h"

#include "base/clock.h"
#include "event/key.h"
#include "journal/audit.h"
#include "schema/audience.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

#define PURPOSE_MAX 200

/* The contact that one reader may see, put together from what the vault holds, newest last. */
typedef struct disclosure {
    jj_hub *hub;
    const jj_rights *rights;
    const char *person;
    json_t *contact;
    bool damaged;
    bool failed; /* something is missing, for want of memory */
} disclosure;

static void disclose(disclosure *d, const jj_vaulted *entry, json_t *members)
{
    const char *name;
    json_t *value;
    bool owner = strcmp(entry->owner, d->rights->agency) == 0;
    const jj_type *type = jj_catalogue_find(d->hub->catalogue, entry->type, strlen(entry->type));
    if (!type || (!owner && !jj_region_covered(d->rights->regions, entry->region))) {
        return;
    }
    uint32_t audiences = d->rights->audiences | (owner ? JJ_AUDIENCE_OWNER : 0);
    uint32_t consent = jj_journal_consent(d->hub->journal, d->person);
    json_object_foreach(members, name, value)
    {
        const jj_property *property = jj_type_property(type, name);
        if (property && property->vault && jj_view_shows(property, audiences, consent)) {
            d->failed = json_object_set(d->contact, name, value) || d->failed;
        }
    }
}

static bool open_entry(void *arg, const jj_vaulted *entry)
{
    disclosure *d = arg;
    jj_buf text = {0};
    json_t *members = NULL;
    int rc = jj_unseal(&d->hub->secrets, "vault", d->person, entry->sealed, &text);
    rc = rc ? rc : jj_json_load(&members, text.data, text.size, JJ_FRAME_MAX, NULL);
    d->failed = d->failed || rc == JJ_EMEMORY;
    d->damaged = d->damaged || (rc && rc != JJ_EMEMORY);
    if (rc == 0) {
        disclose(d, entry, members);
    }
    json_decref(members);
    jj_buf_clear(&text);
    return true;
}

/* Who saw what, why: the purpose, and the names (never the values) of what was shown. */
static void write_audit(const disclosure *d, const char *purpose)
{
    jj_buf detail = {0};
    const char *name;
    json_t *value;
    jj_buf_printf(&detail, "%s:", purpose);
    json_object_foreach(d->contact, name, value)
    {
        jj_buf_printf(&detail, " %s", name);
    }
    jj_audit record = {.at_ms = jj_now_ms(),
                       .action = "reveal",
                       .agency = d->rights->agency,
                       .person = d->person,
                       .detail = detail.failed ? purpose : detail.data};
    jj_journal_begin(d->hub->journal);
    jj_journal_audit(d->hub->journal, d->hub->secrets.node_key, &record);
    jj_buf_clear(&detail);
}

static int check_options(const jj_request *request, const char **person, const char **purpose,
                         jj_error *err)
{
    unsigned char uuid[16];
    *person = jj_json_string(request->options, "person");
    *purpose = jj_json_string(request->options, "purpose");
    if (!*person || !jj_uuid_parse(*person, strlen(*person), uuid)) {
        return jj_fail(err, JJ_EMALFORMED, "person: a person key is expected");
    }
    if (!*purpose || !**purpose || strlen(*purpose) > PURPOSE_MAX || jj_holds_nik(*purpose)) {
        return jj_fail(err, JJ_EMALFORMED,
                       "purpose: say in 1 to %d bytes, without personal data, what the contact is "
                       "needed for",
                       PURPOSE_MAX);
    }
    return 0;
}

void jj_hub_reveal(jj_hub *hub, const jj_request *request)
{
    jj_error err = {0};
    const char *person, *purpose;
    disclosure d = {.hub = hub, .rights = request->rights, .contact = json_object()};
    int rc = check_options(request, &person, &purpose, &err);
    if (rc == 0) {
        d.person = person;
        rc = jj_journal_vault_read(hub->journal, person, open_entry, &d, &err);
    }
    if (rc == 0 && (d.failed || !d.contact)) {
        rc = jj_fail(&err, JJ_EMEMORY, "out of memory");
    }
    if (rc == 0 && d.damaged) {
        jj_log(JJ_ERROR, "a vault entry cannot be opened with this node's key; is node.key the one "
                         "that was here before?");
    }
    if (rc == 0 && json_object_size(d.contact) == 0) {
        rc = jj_fail(&err, JJ_EFORBIDDEN,
                     "nothing to reveal: no contact of this person is held here for your audience "
                     "and regions, or the person has not consented");
    }
    if (rc) {
        jj_request_fail(request, &err);
    } else {
        jj_buf result = {0};
        char *text = jj_json_text(d.contact, JSON_COMPACT);
        write_audit(&d, purpose);
        if (text) {
            jj_buf_printf(&result, "{\"contact\":%s}", text);
            jj_hub_hold_ok(hub, request, &result);
        }
        free(text);
        jj_buf_clear(&result);
    }
    json_decref(d.contact);
}

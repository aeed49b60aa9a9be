#include "worker/office.h"

#include "base/fs.h"
#include "base/id.h"
#include "base/log.h"
#include "event/secret.h"
#include "import/inbox.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct jj_office {
    jj_link *link;
    jj_catalogue *catalogue;
    jj_reference *reference;
    jj_inbox *inbox;
    unsigned char key[JJ_KEY_SIZE];
    char source[256];
};

/* ---- Publishing --------------------------------------------------------------------------- */

static void take_rejection(const json_t *one, jj_import_verdict *verdicts, size_t count)
{
    json_int_t index = json_integer_value(json_object_get(one, "index"));
    const char *code = jj_json_string(one, "code"), *field = jj_json_string(one, "field");
    const char *detail = jj_json_string(one, "detail");

    if (index < 0 || (size_t)index >= count) {
        return;
    }
    jj_import_verdict *verdict = &verdicts[index];
    verdict->outcome = JJ_IMPORT_REJECTED;
    verdict->code = code ? jj_code_parse(code) : JJ_EINVALID;
    snprintf(verdict->field, sizeof verdict->field, "%s", field ? field : "");
    snprintf(verdict->detail, sizeof verdict->detail, "%s", detail ? detail : "");
}

/* The hub tells how many were known already, not which: for counting, any will do. */
static void take_duplicates(json_int_t duplicates, jj_import_verdict *verdicts, size_t count)
{
    for (size_t i = 0; i < count && duplicates > 0; i++) {
        if (verdicts[i].outcome == JJ_IMPORT_ACCEPTED) {
            verdicts[i].outcome = JJ_IMPORT_DUPLICATE;
            duplicates--;
        }
    }
}

static int publish(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                   jj_error *err)
{
    jj_office *office = arg;
    jj_reply reply = {0};
    json_t *result = NULL, *one;
    size_t i;

    int rc = jj_link_request(office->link, "PUBLISH", NULL, events, count, &reply, err);
    rc = rc ? rc
            : jj_json_load(&result, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, err);
    if (rc == 0) {
        json_array_foreach(json_object_get(result, "rejected"), i, one)
        {
            take_rejection(one, verdicts, count);
        }
        take_duplicates(json_integer_value(json_object_get(result, "duplicate")), verdicts, count);
    }
    json_decref(result);
    jj_reply_clear(&reply);
    return rc;
}

/* ---- Opening ------------------------------------------------------------------------------ */

/* The person key is forgotten as soon as the import's own key has been made from it. */
static int load_key(jj_office *office, const jj_config *config, jj_error *err)
{
    unsigned char person_key[JJ_KEY_SIZE];
    char *made = config->person_key ? NULL : jj_person_key_default(config->state);
    const char *path = config->person_key ? config->person_key : made;

    int rc = path ? jj_key_load(path, person_key, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    if (rc == 0) {
        jj_import_key(person_key, office->key);
    }
    explicit_bzero(person_key, sizeof person_key);
    free(made);
    return rc;
}

static int load_lists(jj_office *office, const jj_config *config, jj_error *err)
{
    char *events = jj_path_join(config->schemas, "events");
    char *reference = jj_path_join(config->schemas, "reference");

    int rc = events && reference ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : jj_catalogue_open(&office->catalogue, events, err);
    rc = rc ? rc : jj_reference_open(&office->reference, reference, err);
    free(events);
    free(reference);
    return rc;
}

static size_t find_types(const jj_office *office, const jj_plugin *plugin, const jj_type **types,
                         size_t max)
{
    size_t count = 0;

    for (size_t i = 0; plugin->publishes && plugin->publishes[i] && count < max; i++) {
        const char *name = plugin->publishes[i];
        const jj_type *type = jj_catalogue_find(office->catalogue, name, strlen(name));
        if (type) {
            types[count++] = type;
        } else {
            jj_log(JJ_WARNING, "there is no event type %s: no folder for its files", name);
        }
    }
    return count;
}

static int open_inbox(jj_office *office, const jj_config *config, const jj_plugin_config *instance,
                      const jj_plugin *plugin, jj_error *err)
{
    const jj_type *types[256];
    size_t count = find_types(office, plugin, types, sizeof types / sizeof *types);

    snprintf(office->source, sizeof office->source, "/%s/%s", config->node, instance->name);
    return jj_inbox_open(&office->inbox,
                         &(jj_inbox_options){.folder = instance->inbox,
                                             .types = types,
                                             .type_count = count,
                                             .import = {.reference = office->reference,
                                                        .source = office->source,
                                                        .region = config->region,
                                                        .key = office->key,
                                                        .publish = publish,
                                                        .arg = office}},
                         err);
}

int jj_office_open(jj_office **office, jj_link *link, const jj_config *config,
                   const jj_plugin_config *instance, const jj_plugin *plugin, jj_error *err)
{
    jj_office *new;

    if (!instance->inbox) {
        *office = NULL;
        return 0;
    }
    new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    new->link = link;
    int rc = load_key(new, config, err);
    rc = rc ? rc : load_lists(new, config, err);
    rc = rc ? rc : open_inbox(new, config, instance, plugin, err);
    if (rc) {
        jj_office_close(new);
        return rc;
    }
    *office = new;
    return 0;
}

void jj_office_close(jj_office *office)
{
    if (!office) {
        return;
    }
    jj_inbox_close(office->inbox);
    jj_reference_close(office->reference);
    jj_catalogue_close(office->catalogue);
    explicit_bzero(office->key, sizeof office->key);
    free(office);
}

int jj_office_descriptor(const jj_office *office)
{
    return office ? jj_inbox_descriptor(office->inbox) : -1;
}

int64_t jj_office_work(jj_office *office)
{
    if (!office) {
        return -1;
    }
    jj_inbox_notice(office->inbox);
    return jj_inbox_work(office->inbox);
}

/* agency: who may connect from outside, one file each, and what they are given to do so. */
#include "ctl/agency.h"

#include "base/fs.h"
#include "ctl/commands.h"
#include "schema/audience.h"
#include "schema/catalogue.h"

#include <stdlib.h>
#include <string.h>

#define NEXT                                                                                       \
    "next: put it into force: systemctl reload jejaringd, or SIGHUP to the daemon; nobody else "   \
    "is disturbed"

/* The configuration and the agencies' files; what is wrong with some of these is said, and counts
 * in *bad. */
static int open_agencies(jj_ctl *ctl, const jj_config **config, const jj_agencies **agencies,
                         size_t *bad)
{
    jj_findings findings = {0};
    jj_error err = {0};
    int code = jj_ctl_config(ctl, config);
    if (code) {
        return code;
    }
    *agencies = NULL;
    jj_agencies_load(agencies, (*config)->agencies, &findings);
    jj_findings_print(&findings, stderr);
    *bad = jj_findings_total(&findings);
    jj_findings_clear(&findings);
    if (!*agencies) {
        jj_fail(&err, JJ_EMEMORY, "out of memory");
        return jj_ctl_fail(NULL, &err);
    }
    return JJ_EXIT_OK;
}

/* *agency is a copy: change it, and replace its file. */
static int open_one(jj_ctl *ctl, const jj_config **config, const jj_agencies **agencies,
                    jj_agency *agency)
{
    jj_error err = {0};
    size_t bad;
    int code = open_agencies(ctl, config, agencies, &bad);
    const jj_agency *found = code ? NULL : jj_agencies_find(*agencies, ctl->args[0]);
    if (code == 0 && !found) {
        jj_fail(&err, JJ_ENOTFOUND, "there is no agency \"%s\" in %s", ctl->args[0],
                (*config)->agencies);
        code = jj_ctl_fail(NULL, &err);
    }
    if (found) {
        *agency = *found;
    }
    return code;
}

/* ---- add ---------------------------------------------------------------------------------- */

/* The words of an option, in memory that hangs on *list. */
static bool words_of(const jj_ctl *ctl, const char *option, json_t **list, jj_words *words)
{
    *list = jj_ctl_list(ctl, option);
    words->list = calloc(json_array_size(*list) + 1, sizeof *words->list);
    for (size_t i = 0; words->list && i < json_array_size(*list); i++) {
        words->list[words->count++] = json_string_value(json_array_get(*list, i));
    }
    return words->list != NULL;
}

static int audiences_of(const jj_ctl *ctl, uint32_t *audiences)
{
    int code = JJ_EXIT_OK;
    json_t *list = jj_ctl_list(ctl, "audience");
    for (size_t i = 0; i < json_array_size(list) && code == 0; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        uint32_t bit = jj_audience_parse(name);
        if (!bit || bit & (JJ_AUDIENCE_OWNER | JJ_AUDIENCE_NODE)) {
            code = jj_ctl_misused(ctl,
                                  "--audience %s: one of blk, industry, cooperative, capital, "
                                  "disability, opd, province, public is expected",
                                  name);
        }
        *audiences |= bit;
    }
    json_decref(list);
    return code;
}

static int check_types(const jj_ctl *ctl, const jj_config *config, const jj_words *types)
{
    jj_catalogue *catalogue = NULL;
    jj_error err = {0};
    char *events = jj_path_join(config->schemas, "events");
    int code = JJ_EXIT_OK;
    if (events && jj_catalogue_open(&catalogue, events, &err)) {
        code = jj_ctl_fail("schemas", &err);
    }
    for (size_t i = 0; i < types->count && catalogue && code == 0; i++) {
        const char *name = types->list[i];
        if (strchr(name, '*') || jj_catalogue_find(catalogue, name, strlen(name))) {
            continue;
        }
        const jj_type *near = jj_catalogue_nearest(catalogue, name);
        code = jj_ctl_misused(ctl, "--publish %s: there is no such event type%s%s%s", name,
                              near ? "; did you mean \"" : "", near ? near->name : "",
                              near ? "\"?" : "");
    }
    jj_catalogue_close(catalogue);
    free(events);
    return code;
}

static int check_free(const jj_ctl *ctl, const jj_config *config, const jj_agencies *agencies,
                      const jj_agency *agency)
{
    const jj_agency *other = jj_agencies_find(agencies, agency->id);
    if (other) {
        return jj_ctl_misused(ctl,
                              "the agency \"%s\" is there already, in %s; `agency rotate` "
                              "gives it a new key",
                              agency->id, other->file);
    }
    if (strcmp(agency->id, "local") == 0 || jj_config_plugin(config, agency->id)) {
        return jj_ctl_misused(ctl, "\"%s\" is the name of the administrator or of a plugin",
                              agency->id);
    }
    other = agency->public_key ? jj_agencies_by_key(agencies, agency->public_key) : NULL;
    return other ? jj_ctl_misused(ctl,
                                  "this key is that of \"%s\" already; every agency has its "
                                  "own",
                                  other->id)
                 : JJ_EXIT_OK;
}

/* A pair of its own, or the public half of one that the agency made (keys pair). */
static int choose_key(jj_ctl *ctl, jj_bundle *bundle)
{
    jj_error err = {0};
    const char *given = jj_ctl_option(ctl, "public-key");
    if (given) {
        snprintf(bundle->public_key, sizeof bundle->public_key, "%s", given);
        return strlen(given) == JJ_Z85_SIZE - 1
                   ? JJ_EXIT_OK
                   : jj_ctl_misused(ctl, "--public-key: 40 characters of Z85 are expected");
    }
    return jj_curve_pair(bundle->public_key, bundle->secret_key, &err) ? jj_ctl_fail(NULL, &err)
                                                                       : JJ_EXIT_OK;
}

static int say_bundle(const jj_ctl *ctl, const jj_bundle *bundle, const char *file)
{
    if (ctl->json) {
        return jj_ctl_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", bundle->agency->id,
                                           "file", file, "bundle", bundle->folder, "public_key",
                                           bundle->public_key, "endpoint", bundle->endpoint));
    }
    puts(bundle->folder);
    jj_ctl_say("%s stands in %s; the folder %s is for the agency: give it over in person or\n"
               "encrypted, and delete it here%s.\n  " NEXT,
               bundle->agency->id, file, bundle->folder,
               bundle->secret_key[0] ? ", since it holds a secret key" : "");
    return JJ_EXIT_OK;
}

/* The bundle first: an agency's file without one would be of no use. */
static int write_new(jj_ctl *ctl, const jj_config *config, const jj_bundle *bundle)
{
    jj_error err = {0};
    jj_buf text = {0};
    jj_findings findings = {0};
    char name[128];
    snprintf(name, sizeof name, "%s.yaml", bundle->agency->id);
    char *file = jj_path_join(config->agencies, name);
    int code = JJ_EXIT_OK;
    jj_agency_write(bundle->agency, NULL, &text);
    if (!file || text.failed) {
        jj_fail(&err, JJ_EMEMORY, "out of memory");
    } else if (jj_agency_judge(file, &text, &findings)) {
        jj_findings_print(&findings, stderr);
        code = jj_ctl_misused(ctl, "the agency's file would be wrong, and was not written");
    } else if (jj_mkdir_all(config->agencies, 0755, &err) == 0 &&
               jj_bundle_write(bundle, &err) == 0 &&
               jj_file_create(file, text.data, text.size, 0644, &err) == 0) {
        code = say_bundle(ctl, bundle, file);
    }
    code = err.code ? jj_ctl_fail(NULL, &err) : code;
    jj_findings_clear(&findings);
    jj_buf_clear(&text);
    free(file);
    return code;
}

static int add(jj_ctl *ctl, const jj_config *config, const jj_agencies *agencies, jj_agency *agency)
{
    jj_error err = {0};
    const char *folder = jj_ctl_option(ctl, "bundle");
    jj_bundle bundle = {.agency = agency, .folder = folder ? folder : agency->id};
    int code = audiences_of(ctl, &agency->audiences);
    code = code ? code : check_types(ctl, config, &agency->publishes);
    code = code ? code : choose_key(ctl, &bundle);
    agency->public_key = bundle.public_key;
    code = code ? code : check_free(ctl, config, agencies, agency);
    if (code == 0 && jj_bundle_address(&bundle, config, jj_ctl_option(ctl, "host"), &err)) {
        code = jj_ctl_fail(NULL, &err);
    }
    code = code ? code : write_new(ctl, config, &bundle);
    explicit_bzero(&bundle, sizeof bundle);
    return code;
}

int jj_ctl_agency_add(jj_ctl *ctl)
{
    const jj_config *config;
    const jj_agencies *agencies = NULL;
    size_t bad;
    json_t *regions = NULL, *types = NULL, *sees = NULL;
    jj_agency agency = {
        .id = ctl->args[0], .name = jj_ctl_option(ctl, "name"), .node = jj_ctl_option(ctl, "node")};
    if (!agency.name || !jj_ctl_option(ctl, "audience") || !jj_ctl_option(ctl, "region")) {
        return jj_ctl_misused(ctl, "agency add needs --name, --audience and --region");
    }
    int code = open_agencies(ctl, &config, &agencies, &bad);
    if (code == 0 && words_of(ctl, "region", &regions, &agency.regions) &&
        words_of(ctl, "sees", &sees, &agency.sees) &&
        words_of(ctl, "publish", &types, &agency.publishes)) {
        code = add(ctl, config, agencies, &agency);
    }
    free(agency.regions.list);
    free(agency.sees.list);
    free(agency.publishes.list);
    json_decref(regions);
    json_decref(types);
    json_decref(sees);
    jj_agencies_free(agencies);
    return code;
}

/* ---- list and show ------------------------------------------------------------------------ */

static json_t *words_json(const jj_words *words)
{
    json_t *list = json_array();
    for (size_t i = 0; i < words->count; i++) {
        json_array_append_new(list, json_string(words->list[i]));
    }
    return list;
}

static json_t *agency_json(const jj_agency *agency)
{
    json_t *audiences = json_array();
    for (uint32_t bit = 1; bit < 1u << JJ_AUDIENCES; bit <<= 1) {
        if (agency->audiences & bit) {
            json_array_append_new(audiences, json_string(jj_audience_name(bit)));
        }
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o*, s:s*, s:o, s:s?, s:b, s:s}", "id", agency->id,
                     "name", agency->name, "audiences", audiences, "regions",
                     words_json(&agency->regions), "sees",
                     agency->sees.count ? words_json(&agency->sees) : NULL, "node", agency->node,
                     "publishes", words_json(&agency->publishes), "public_key", agency->public_key,
                     "revoked", (int)agency->revoked, "file", agency->file);
}

/* The words of an array on one line. */
static void join(const json_t *list, char *out, size_t size_bytes)
{
    size_t used = 0;
    snprintf(out, size_bytes, "%s", json_array_size(list) ? "" : "(none)");
    for (size_t i = 0; i < json_array_size(list) && used < size_bytes; i++) {
        int length = snprintf(out + used, size_bytes - used, "%s%s", i ? "," : "",
                              json_string_value(json_array_get(list, i)));
        used += (size_t)length;
    }
}

static void print_row(const jj_agency *agency)
{
    char audiences[128], regions[128];
    json_t *object = agency_json(agency);
    join(json_object_get(object, "audiences"), audiences, sizeof audiences);
    join(json_object_get(object, "regions"), regions, sizeof regions);
    printf("%-20s %-24s %-12s %-8s  %s\n", agency->id, audiences, regions,
           agency->revoked      ? "revoked"
           : agency->public_key ? "key"
                                : "no key",
           agency->name);
    json_decref(object);
}

int jj_ctl_agency_list(jj_ctl *ctl)
{
    const jj_config *config;
    const jj_agencies *agencies = NULL;
    size_t bad = 0;
    json_t *all = json_array();
    int code = open_agencies(ctl, &config, &agencies, &bad);
    if (code == 0 && !ctl->json && agencies->count) {
        printf("%-20s %-24s %-12s %-8s  %s\n", "id", "audiences", "regions", "state", "name");
    }
    for (size_t i = 0; code == 0 && i < agencies->count; i++) {
        if (ctl->json) {
            json_array_append_new(all, agency_json(&agencies->list[i]));
        } else {
            print_row(&agencies->list[i]);
        }
    }
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(json_incref(all));
    } else if (code == 0 && agencies->count == 0) {
        jj_ctl_say("no agency in %s\n  next: jejaringctl agency add ID --name ...",
                   config->agencies);
    }
    json_decref(all);
    jj_agencies_free(agencies);
    return code ? code : bad ? JJ_EXIT_CONFIG : JJ_EXIT_OK;
}

int jj_ctl_agency_show(jj_ctl *ctl)
{
    const jj_config *config;
    const jj_agencies *agencies = NULL;
    jj_agency agency = {0};
    int code = open_one(ctl, &config, &agencies, &agency);
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(agency_json(&agency));
    } else if (code == 0) {
        static const char *const lists[] = {"audiences", "regions", "publishes"};
        char text[1024];
        json_t *object = agency_json(&agency);
        printf("%-10s  %s\n%-10s  %s\n", "id", agency.id, "name", agency.name);
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
            join(json_object_get(object, lists[i]), text, sizeof text);
            printf("%-10s  %s\n", lists[i], text);
        }
        printf("%-10s  %s\n%-10s  %s\n%-10s  %s\n", "public key",
               agency.public_key ? agency.public_key : "(none)", "state",
               agency.revoked ? "revoked" : "in force, once read", "file", agency.file);
        json_decref(object);
    }
    jj_agencies_free(agencies);
    return code;
}

/* ---- revoke and rotate -------------------------------------------------------------------- */

int jj_ctl_agency_revoke(jj_ctl *ctl)
{
    jj_error err = {0};
    const jj_config *config;
    const jj_agencies *agencies = NULL;
    jj_agency agency = {0};
    int code = open_one(ctl, &config, &agencies, &agency);
    if (code == 0) {
        agency.revoked = true;
        code = jj_agency_replace(&agency, &err) ? jj_ctl_fail(NULL, &err) : JJ_EXIT_OK;
    }
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(agency_json(&agency));
    } else if (code == 0) {
        jj_ctl_say("%s is revoked; its file stays, so that its id and key are never given to "
                   "another.\n  " NEXT,
                   agency.id);
    }
    jj_agencies_free(agencies);
    return code;
}

static int rotate(jj_ctl *ctl, const jj_config *config, const jj_agencies *agencies,
                  jj_agency *agency)
{
    jj_error err = {0};
    const char *folder = jj_ctl_option(ctl, "bundle");
    jj_bundle bundle = {.agency = agency, .folder = folder ? folder : agency->id};
    int code = choose_key(ctl, &bundle);
    if (code == 0 && jj_agencies_by_key(agencies, bundle.public_key)) {
        code = jj_ctl_misused(ctl, "this key is in use already; every agency has its own");
    }
    agency->public_key = bundle.public_key;
    if (code == 0 && (jj_bundle_address(&bundle, config, jj_ctl_option(ctl, "host"), &err) ||
                      jj_bundle_write(&bundle, &err) || jj_agency_replace(agency, &err))) {
        code = jj_ctl_fail(NULL, &err);
    }
    code = code ? code : say_bundle(ctl, &bundle, agency->file);
    explicit_bzero(&bundle, sizeof bundle);
    return code;
}

int jj_ctl_agency_rotate(jj_ctl *ctl)
{
    jj_error err = {0};
    const jj_config *config;
    const jj_agencies *agencies = NULL;
    jj_agency agency = {0};
    int code = open_one(ctl, &config, &agencies, &agency);
    if (code == 0 && agency.revoked) {
        jj_fail(&err, JJ_EINVALID, "%s is revoked (%s)", agency.id, agency.file);
        code = jj_ctl_fail(NULL, &err);
    }
    code = code ? code : rotate(ctl, config, agencies, &agency);
    jj_agencies_free(agencies);
    return code;
}

/* Filters: what a reader wants of what it may see. */
#include "hub/internal.h"

#include "event/key.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 128 /* a filter is kept as long as its reader waits, and with its consumer */

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        free(list[i]);
    }
    free(list);
}

void jj_filter_clear(jj_filter *filter)
{
    free_list(filter->types);
    free_list(filter->regions);
    *filter = (jj_filter){0};
}

static int parse_list(const json_t *options, const char *name, char ***list, jj_error *err)
{
    const json_t *given = json_object_get(options, name);
    size_t count = json_array_size(given);
    *list = NULL;
    if (!given || json_is_null(given)) {
        return 0;
    }
    if (!json_is_array(given) || count > 256) {
        return jj_fail(err, JJ_EMALFORMED, "%s: a list of at most 256 strings is expected", name);
    }
    char **copy = calloc(count + 1, sizeof *copy);
    bool whole = copy != NULL;
    for (size_t i = 0; whole && i < count; i++) {
        const char *text = json_string_value(json_array_get(given, i));
        if (!text) {
            free_list(copy);
            return jj_fail(err, JJ_EMALFORMED, "%s: a list of strings is expected", name);
        }
        if (strlen(text) > WORD_MAX) {
            free_list(copy);
            return jj_fail(err, JJ_EMALFORMED, "%s: words of at most %d bytes are expected", name,
                           WORD_MAX);
        }
        whole = (copy[i] = strdup(text)) != NULL;
    }
    if (!whole) {
        free_list(copy);
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *list = copy;
    return 0;
}

bool jj_filter_parse(const json_t *options, jj_filter *filter, jj_error *err)
{
    *filter = (jj_filter){0};
    if (parse_list(options, "types", &filter->types, err) ||
        parse_list(options, "regions", &filter->regions, err)) {
        jj_filter_clear(filter);
        return false;
    }
    filter->others = json_is_true(json_object_get(options, "others"));
    filter->publishers = json_is_true(json_object_get(options, "publishers"));
    filter->cursors = json_is_true(json_object_get(options, "cursors"));
    return true;
}

/* What has not the form of a type's name or a region's code is not quoted: it may be anything. */
static bool is_quotable(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return strspn(text, allowed) == strlen(text) && !jj_holds_nik(text);
}

/* "*", or the beginning of names: alumni.* */
static bool is_pattern(const char *name)
{
    size_t length = strlen(name);
    return strcmp(name, "*") == 0 ||
           (length > 2 && strchr(name, '*') == name + length - 1 && name[length - 2] == '.');
}

int jj_filter_check(const jj_hub *hub, const jj_filter *filter, jj_error *err)
{
    for (size_t i = 0; filter->types && filter->types[i]; i++) {
        const char *name = filter->types[i];
        if (!is_pattern(name) && !jj_catalogue_find(hub->catalogue, name, strlen(name))) {
            const jj_type *near = jj_catalogue_nearest(hub->catalogue, name);
            return jj_fail(err, JJ_EUNKNOWN_TYPE, "types: there is no event type \"%.60s\"%s%s%s",
                           is_quotable(name) ? name : "...", near ? "; did you mean " : "",
                           near ? near->name : "", near ? "?" : "");
        }
    }
    for (size_t i = 0; filter->regions && filter->regions[i]; i++) {
        const char *code = filter->regions[i];
        if (strcmp(code, "*") != 0 && !jj_region_valid(code)) {
            return jj_fail(err, JJ_EINVALID,
                           "regions: \"%.20s\" is no Kemendagri code: 33 for a province, 33.75 "
                           "(with its dot) for a regency or city",
                           is_quotable(code) ? code : "...");
        }
    }
    return 0;
}

bool jj_filter_wants(const jj_filter *filter, const jj_rights *rights, const jj_record *record)
{
    return (!filter->others || strcmp(record->owner, rights->agency) != 0) &&
           (!filter->types || jj_type_listed((const char *const *)filter->types, record->type)) &&
           (!filter->regions ||
            jj_region_covered((const char *const *)filter->regions, record->region));
}

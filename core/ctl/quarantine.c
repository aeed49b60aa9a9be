/* quarantine: what the hub refused, why, and a second chance for it. */
#include "ctl/commands.h"

#include "base/text.h"
#include "json/load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *text(const json_t *object, const char *name)
{
    const char *value = jj_json_string(object, name);
    return value ? value : "";
}

static void print_entry(const json_t *entry)
{
    printf("%6" JSON_INTEGER_FORMAT "  %s  %-12s %-22s %s%s%s: %s\n",
           json_integer_value(json_object_get(entry, "number")), text(entry, "at"),
           text(entry, "agency"), text(entry, "type"), text(entry, "code"),
           *text(entry, "field") ? " at " : "", text(entry, "field"), text(entry, "detail"));
}

/* All entries, page by page. */
int jj_ctl_quarantine_list(jj_ctl *ctl)
{
    json_t *all = json_array();
    json_int_t after = 0;
    bool more = true;
    int code = JJ_EXIT_OK;
    while (code == 0 && more) {
        json_t *page = NULL, *entry;
        size_t i;
        code = jj_ctl_ask(ctl, "QUARANTINE", json_pack("{s:I}", "after", after), &page);
        json_array_foreach(json_object_get(page, "entries"), i, entry)
        {
            after = json_integer_value(json_object_get(entry, "number"));
            if (ctl->json) {
                json_array_append(all, entry);
            } else {
                print_entry(entry);
            }
        }
        more = json_is_true(json_object_get(page, "more"));
        json_decref(page);
    }
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(json_incref(all));
    } else if (code == 0 && after == 0) {
        jj_ctl_say("The quarantine is empty.");
    }
    json_decref(all);
    return code;
}

/* The number that the command was given. Returns an exit code. */
static int entry_number(const jj_ctl *ctl, json_int_t *number)
{
    int64_t value;
    if (!jj_parse_i64(ctl->args[0], &value) || value < 1) {
        return jj_ctl_misused(ctl, "\"%s\": the number of an entry is expected", ctl->args[0]);
    }
    *number = value;
    return JJ_EXIT_OK;
}

int jj_ctl_quarantine_show(jj_ctl *ctl)
{
    json_int_t number = 0;
    json_t *page = NULL;
    int code = entry_number(ctl, &number);
    code = code ? code : jj_ctl_ask(ctl, "QUARANTINE", json_pack("{s:I}", "number", number), &page);
    const json_t *entry = json_array_get(json_object_get(page, "entries"), 0);
    if (code == 0 && !entry) {
        jj_error err;
        jj_fail(&err, JJ_EINVALID, "there is no entry %" JSON_INTEGER_FORMAT " in quarantine",
                number);
        code = jj_ctl_fail(NULL, &err);
    } else if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(json_incref((json_t *)(uintptr_t)entry));
    } else if (code == 0) {
        char *event = json_dumps(json_object_get(entry, "event"), JSON_INDENT(2) | JSON_ENCODE_ANY);
        print_entry(entry);
        puts(event ? event : "");
        free(event);
    }
    json_decref(page);
    return code;
}

static int act(jj_ctl *ctl, const char *verb, const char *done)
{
    json_int_t number = 0;
    json_t *result = NULL;
    int code = entry_number(ctl, &number);
    code = code ? code : jj_ctl_ask(ctl, verb, json_pack("{s:I}", "number", number), &result);
    if (code == 0 && ctl->json) {
        return jj_ctl_print_json(result);
    }
    const char *consumer = jj_json_string(result, "again");
    if (code == 0 && consumer) {
        jj_ctl_say("%s put it aside, and is given it once more.", consumer);
    } else if (code == 0) {
        jj_ctl_say("%s", done);
    }
    json_decref(result);
    return code;
}

/* Of what a page lists: how many were taken, and how many refused once more. */
static int retry_page(jj_ctl *ctl, const json_t *page, json_int_t *after, uint64_t counts[2])
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(page, "entries"), i, entry)
    {
        jj_error err = {0};
        json_t *result = NULL;
        *after = json_integer_value(json_object_get(entry, "number"));
        int rc =
            jj_ctl_try(ctl, "RETRY", json_pack("{s:I}", "number", *after), &result, NULL, &err);
        json_decref(result);
        if (rc == JJ_ETIMEOUT || rc == JJ_EUNAVAILABLE) {
            return jj_ctl_fail("quarantine", &err);
        }
        counts[rc != 0]++;
    }
    return JJ_EXIT_OK;
}

/* What is put aside meanwhile is not waited for: the numbers of today only. */
static int retry_all(jj_ctl *ctl)
{
    json_int_t after = 0;
    uint64_t counts[2] = {0};
    bool more = true;
    int code = JJ_EXIT_OK;
    while (code == 0 && more) {
        json_t *page = NULL;
        code = jj_ctl_ask(ctl, "QUARANTINE", json_pack("{s:I}", "after", after), &page);
        more = json_is_true(json_object_get(page, "more"));
        code = code ? code : retry_page(ctl, page, &after, counts);
        json_decref(page);
    }
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(json_pack("{s:I, s:I}", "taken", (json_int_t)counts[0], "refused",
                                           (json_int_t)counts[1]));
    } else if (code == 0) {
        jj_ctl_say("%s taken in under the rules of today.", jj_ctl_count(counts[0]));
        jj_ctl_say("%s refused once more; they stay.", jj_ctl_count(counts[1]));
    }
    return code ? code : counts[1] ? JJ_EXIT_REJECTED : JJ_EXIT_OK;
}

int jj_ctl_quarantine_retry(jj_ctl *ctl)
{
    if (strcmp(ctl->args[0], "all") == 0) {
        return retry_all(ctl);
    }
    return act(ctl, "RETRY", "The event has been taken in under the rules of today.");
}

int jj_ctl_quarantine_drop(jj_ctl *ctl)
{
    return act(ctl, "DROP", "The entry has been dropped.");
}

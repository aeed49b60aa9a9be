/* What an administrator does about one person, and the audit chain that remembers it. */
#include "ctl/commands.h"

#include "event/key.h"
#include "json/load.h"

#include <string.h>
#include <unistd.h>

/* {"person": ...} or {"nik": ...}. "-" reads it from stdin, so that a NIK stands in no history of
 * commands and in no list of processes. New; NULL after a mistake was said. */
static json_t *person_options(jj_ctl *ctl, int *code)
{
    char line[64] = "";
    const char *word = ctl->args[0];
    unsigned char uuid[16];
    *code = JJ_EXIT_OK;
    if (strcmp(word, "-") == 0) {
        if (!fgets(line, sizeof line, stdin)) {
            line[0] = '\0';
        }
        line[strcspn(line, "\r\n")] = '\0';
        word = line;
    }
    if (jj_uuid_parse(word, strlen(word), uuid)) {
        return json_pack("{s:s}", "person", word);
    }
    enum jj_nik_verdict verdict = jj_nik_check(word, strlen(word));
    if (verdict == JJ_NIK_OK) {
        return json_pack("{s:s}", "nik", word);
    }
    *code = jj_ctl_misused(ctl, "a person key (36 characters) or a NIK is expected: %s",
                           jj_nik_problem(verdict));
    return NULL;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = jj_json_string(object, name);
    return value ? value : "";
}

static void print_trace(const json_t *trace)
{
    size_t i;
    json_t *entry;
    printf("person %s: %" JSON_INTEGER_FORMAT " events\n", text(trace, "person"),
           json_integer_value(json_object_get(trace, "events")));
    json_array_foreach(json_object_get(trace, "deliveries"), i, entry)
    {
        printf("%s  delivered  %-16s %-16s %s (cursor %s)\n", text(entry, "at"),
               text(entry, "agency"), text(entry, "consumer"), text(entry, "type"),
               text(entry, "cursor"));
    }
    json_array_foreach(json_object_get(trace, "actions"), i, entry)
    {
        printf("%s  %-9s  %-16s %s\n", text(entry, "at"), text(entry, "action"),
               text(entry, "agency"), text(entry, "detail"));
    }
}

int jj_ctl_trace(jj_ctl *ctl)
{
    int code;
    json_t *result = NULL, *options = person_options(ctl, &code);
    code = code ? code : jj_ctl_ask(ctl, "TRACE", options, &result);
    if (code == 0 && ctl->json) {
        return jj_ctl_print_json(result);
    }
    if (code == 0) {
        print_trace(result);
    }
    json_decref(result);
    return code;
}

/* Erasing cannot be undone: --yes, or a person at a terminal who says so. */
static int confirm(const jj_ctl *ctl)
{
    char answer[16] = "";
    if (jj_ctl_option(ctl, "yes")) {
        return JJ_EXIT_OK;
    }
    if (!isatty(STDIN_FILENO)) {
        return jj_ctl_misused(ctl, "what is erased cannot be brought back: confirm with --yes");
    }
    fputs("This cannot be undone: the person's events, contact and consent are removed from this\n"
          "node, and everybody who had them is told to do the same. Type \"erase\" to go on: ",
          stderr);
    if (!fgets(answer, sizeof answer, stdin) || strcmp(answer, "erase\n") != 0) {
        jj_ctl_say("Nothing was erased.");
        return JJ_EXIT_FAILED;
    }
    return JJ_EXIT_OK;
}

int jj_ctl_erase(jj_ctl *ctl)
{
    int code;
    json_t *result = NULL, *options = person_options(ctl, &code);
    code = code ? code : confirm(ctl);
    if (code) {
        json_decref(options);
        return code;
    }
    code = jj_ctl_ask(ctl, "ERASE", options, &result);
    if (code == 0 && ctl->json) {
        return jj_ctl_print_json(result);
    }
    if (code == 0) {
        printf("erased %s: %" JSON_INTEGER_FORMAT " events emptied\n", text(result, "person"),
               json_integer_value(json_object_get(result, "events")));
        jj_ctl_say("  next: files in the inboxes' done/ and rejected/ are the agencies' own, and "
                   "are not touched");
    }
    json_decref(result);
    return code;
}

int jj_ctl_audit_verify(jj_ctl *ctl)
{
    json_t *result = NULL;
    int code = jj_ctl_ask(ctl, "AUDIT", NULL, &result);
    if (code) {
        return code;
    }
    bool intact = json_is_true(json_object_get(result, "intact"));
    if (ctl->json) {
        code = jj_ctl_print_json(json_incref(result));
    } else if (intact) {
        printf("intact: %" JSON_INTEGER_FORMAT " records\n",
               json_integer_value(json_object_get(result, "records")));
    }
    if (!intact) {
        jj_ctl_say("jejaringctl: error: the audit chain is broken: %s\n"
                   "  next: keep the journal as it is; compare with a backup to see what was "
                   "changed",
                   text(result, "detail"));
    }
    json_decref(result);
    return intact ? code : JJ_EXIT_FAILED;
}

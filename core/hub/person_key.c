/* The person key stays the same for as long as the journal does. */
#include "hub/internal.h"

#include "base/fs.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct note {
    char mark[JJ_KEY_MARK_SIZE]; /* "": no person was named yet */
} note;

static bool find_mark(void *arg, const char *key, const char *value)
{
    note *known = arg;
    if (strcmp(key, JJ_JOURNAL_PERSON_KEY) == 0) {
        snprintf(known->mark, sizeof known->mark, "%s", value);
    }
    return !known->mark[0];
}

static int explain(jj_error *err, const char *path, const jj_error *why)
{
    return jj_fail(
        err, JJ_ECONFIG,
        "%s is not the person key with which the persons of this journal were named%s%s: "
        "put that one back, from a backup or another node of the province; with another "
        "one everybody would be counted a second time",
        path, why ? ", " : "", why ? why->text : "");
}

int jj_hub_open_secrets(jj_hub *hub, jj_error *err)
{
    const jj_config *config = hub->config;
    note known = {0};
    char mark[JJ_KEY_MARK_SIZE];
    bool made = false;
    jj_error why = {0};
    char *own = jj_person_key_default(config->state);
    const char *path = config->person_key ? config->person_key : own;
    int rc = own ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : jj_journal_state_read(hub->journal, JJ_JOURNAL_NODE, "", find_mark, &known, err);
    if (rc == 0) {
        /* A key that the journal knows is not made anew when its file is missing. */
        const char *given = known.mark[0] ? path : config->person_key;
        rc = jj_secrets_open(&hub->secrets, given, config->state, &made, &why);
        if (rc && err) {
            *err = why;
        }
        if (rc && known.mark[0] && access(path, F_OK)) {
            rc = explain(err, path, &why);
        }
    }
    if (rc == 0 && known.mark[0]) {
        jj_person_key_mark(hub->secrets.person_key, mark);
        rc = strcmp(mark, known.mark) ? explain(err, path, NULL) : 0;
    }
    if (made) {
        jj_log(JJ_NOTICE,
               "made a person key of this node's own in %s; nodes of one province need the same "
               "key: set `person_key` to the province's before the first data arrive",
               config->state);
    }
    hub->key_noted = known.mark[0] != '\0';
    free(own);
    return rc;
}

void jj_hub_note_person_key(jj_hub *hub)
{
    char mark[JJ_KEY_MARK_SIZE];
    if (!hub->key_noted) {
        jj_person_key_mark(hub->secrets.person_key, mark);
        jj_journal_state_put(hub->journal, JJ_JOURNAL_NODE, JJ_JOURNAL_PERSON_KEY, mark);
        hub->key_noted = hub->key_fresh = true;
    }
}

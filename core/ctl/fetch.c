/* fetch and tap: events of the journal, as this reader may see them. */
#include "ctl/commands.h"

#include "base/text.h"
#include "ctl/progress.h"
#include "json/load.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 5000 /* how long the hub may wait for an event before it answers with none */
#define LOOK_MS 200  /* how soon an interrupt is noticed */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

typedef struct reading {
    jj_ctl *ctl;
    jj_client *client;
    json_t *types, *regions;
    uint64_t after, behind;
    bool placed; /* after is known: given, or answered */
    uint64_t most, count;
    bool follow;
} reading;

/* ---- Printing ----------------------------------------------------------------------------- */

static const char *attribute(const json_t *event, const char *name)
{
    const char *text = jj_json_string(event, name);
    return text ? text : "-";
}

/* One line for people; the event's own text with --json. */
static void print_event(const reading *r, jj_bytes bytes)
{
    json_t *event = NULL;
    if (r->ctl->json ||
        jj_json_load(&event, bytes.data, bytes.size_bytes, JJ_FRAME_MAX, NULL) != 0) {
        fwrite(bytes.data, 1, bytes.size_bytes, stdout);
        putchar('\n');
        return;
    }
    char *data = json_dumps(json_object_get(event, "data"),
                            JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    printf("%s  %-24s %-6s %s %s\n", attribute(event, "time"), attribute(event, "type"),
           attribute(event, "region"), attribute(event, "subject"), data ? data : "");
    free(data);
    json_decref(event);
}

/* ---- Pages -------------------------------------------------------------------------------- */

static json_t *page_options(const reading *r, uint64_t most, int wait_ms)
{
    json_t *options = json_pack("{s:I, s:O*, s:O*}", "max_events", (json_int_t)most, "types",
                                r->types, "regions", r->regions);
    if (r->placed) {
        json_object_set_new(options, "after", json_sprintf("%" PRIu64, r->after));
    }
    if (wait_ms > 0) {
        json_object_set_new(options, "wait_ms", json_integer(wait_ms));
    }
    return options;
}

static int take_page(reading *r, const jj_reply *reply)
{
    jj_error err = {0};
    json_t *result = NULL;
    uint64_t cursor = 0;
    int rc =
        jj_json_load(&result, reply->result.data, reply->result.size_bytes, JJ_FRAME_MAX, &err);
    const char *text = jj_json_string(result, "cursor");
    if (rc == 0 && reply->code) {
        const char *detail = jj_json_string(result, "detail");
        rc = jj_fail(&err, reply->code, "%s", detail ? detail : jj_code_name(reply->code));
    } else if (rc == 0 && (!text || !jj_parse_u64(text, &cursor))) {
        rc = jj_fail(&err, JJ_EVERSION, "the hub answers without a cursor");
    }
    if (rc == 0) {
        r->after = cursor;
        r->placed = true;
        r->behind = (uint64_t)json_integer_value(json_object_get(result, "behind"));
    }
    json_decref(result);
    return rc ? jj_ctl_fail(NULL, &err) : JJ_EXIT_OK;
}

/* Waits for the answer to one FETCH, noticing interrupts. *late: none came in time. */
static int await(reading *r, uint64_t request, jj_reply *reply, bool *late)
{
    jj_error err = {0};
    int64_t left_ms = r->ctl->timeout_ms + (r->follow ? WAIT_MS : 0);
    int rc;
    do {
        rc = jj_client_receive(r->client, reply, LOOK_MS, &err);
        left_ms -= LOOK_MS;
    } while (rc == JJ_ETIMEOUT && left_ms > 0 && !interrupted);
    *late = rc == JJ_ETIMEOUT;
    if (rc) {
        jj_client_forget(r->client, request);
    }
    return rc && !*late ? jj_ctl_fail(NULL, &err) : JJ_EXIT_OK;
}

static int fetch_page(reading *r, uint64_t most, bool print, bool *late)
{
    jj_error err = {0};
    jj_reply reply = {0};
    uint64_t request;
    char *options = NULL;
    json_t *object = page_options(r, most, r->follow && print ? WAIT_MS : 0);
    options = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    int code = JJ_EXIT_OK;
    if (jj_client_send(r->client, "FETCH", options, NULL, 0, &request, &err)) {
        code = jj_ctl_fail(NULL, &err);
    } else {
        code = await(r, request, &reply, late);
    }
    if (code == 0 && !*late && (code = take_page(r, &reply)) == 0 && print) {
        for (size_t i = 0; i < reply.event_count; i++) {
            print_event(r, reply.events[i]);
        }
        r->count += reply.event_count;
    }
    jj_reply_clear(&reply);
    free(options);
    return code;
}

/* ---- The commands ------------------------------------------------------------------------- */

static int unreachable(void)
{
    jj_error err;
    jj_fail(&err, JJ_ETIMEOUT, "no answer in time");
    return jj_ctl_fail(NULL, &err);
}

static int read_all(reading *r)
{
    bool late = false, told = false;
    int code = JJ_EXIT_OK;
    while (code == 0 && r->count < r->most && !interrupted) {
        uint64_t left = r->most - r->count;
        code = fetch_page(r, left < JJ_EVENTS_MAX ? left : JJ_EVENTS_MAX, true, &late);
        if (late && !r->follow && !interrupted) {
            return unreachable();
        }
        if (late && !told && !interrupted) {
            jj_ctl_say("jejaringctl: the daemon does not answer; waiting until it does");
        }
        told = late;
        if (r->follow && fflush(stdout)) {
            break; /* nobody reads any more */
        }
        if (!late && !r->follow && r->behind == 0) {
            break;
        }
    }
    return code;
}

/* A reader of what is new begins at the newest event: one page tells how far away that is. */
static int go_to_end(reading *r)
{
    bool late = false;
    int code = fetch_page(r, 1, false, &late);
    if (code == 0 && late) {
        return unreachable();
    }
    r->after += r->behind;
    return code;
}

static int parse(reading *r)
{
    uint64_t most = UINT64_MAX;
    const char *from = jj_ctl_option(r->ctl, "from");
    int code = jj_ctl_number(r->ctl, "count", &most);
    r->most = most;
    r->types = jj_ctl_list(r->ctl, "type");
    r->regions = jj_ctl_list(r->ctl, "region");
    if (code == 0 && from) {
        r->placed = true;
        code = jj_ctl_number(r->ctl, "from", &r->after);
    }
    return code;
}

static int read_events(jj_ctl *ctl, bool follow)
{
    struct sigaction action = {.sa_handler = on_signal};
    reading r = {.ctl = ctl, .follow = follow};
    int code = parse(&r);
    code = code ? code : jj_ctl_hub(ctl, &r.client);
    if (code == 0) {
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        code = follow && !r.placed ? go_to_end(&r) : JJ_EXIT_OK;
        code = code ? code : read_all(&r);
    }
    if (code == 0) {
        jj_ctl_say("%s events; go on with --from %" PRIu64, jj_ctl_count(r.count), r.after);
    }
    json_decref(r.types);
    json_decref(r.regions);
    return code;
}

int jj_ctl_fetch(jj_ctl *ctl)
{
    return read_events(ctl, false);
}

int jj_ctl_tap(jj_ctl *ctl)
{
    return read_events(ctl, true);
}

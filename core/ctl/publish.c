/* publish: JSON lines to the hub, many requests under way at a time. */
#include "ctl/commands.h"

#include "base/buf.h"
#include "ctl/progress.h"
#include "json/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BATCH_EVENTS 500
#define BATCH_BYTES  (1024 * 1024)
#define WINDOW       16 /* requests under way at a time */

/* A request that waits for its answer: which line each of its events stood in. */
typedef struct jj_flight {
    uint64_t request; /* 0: free */
    size_t count;
    uint64_t lines[BATCH_EVENTS];
} jj_flight;

typedef struct publishing {
    jj_ctl *ctl;
    jj_client *client;
    FILE *in;
    uint64_t line, done_bytes, total_bytes;
    jj_buf text;               /* the events of the batch, one behind the other */
    size_t ends[BATCH_EVENTS]; /* in text */
    jj_flight batch;           /* what is being read */
    jj_flight flights[WINDOW];
    uint64_t accepted, duplicate, rejected;
    json_t *reasons; /* with --json */
    jj_progress progress;
} publishing;

/* One line that was refused, on stderr at once or, with --json, in the result. */
static void reject(publishing *p, uint64_t line, const char *code, const char *field,
                   const char *detail)
{
    p->rejected++;
    if (p->reasons) {
        json_array_append_new(p->reasons,
                              json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)line, "code",
                                        code, "field", field, "detail", detail));
    }
    jj_progress_hide(&p->progress);
    jj_ctl_say("line %" PRIu64 ": %s%s%s: %s", line, code, *field ? " at " : "", field, detail);
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = jj_json_string(object, name);
    return text ? text : "";
}

static int take_result(publishing *p, const jj_flight *flight, const json_t *result)
{
    const json_t *rejected = json_object_get(result, "rejected");
    size_t i;
    json_t *entry;
    p->accepted += (uint64_t)json_integer_value(json_object_get(result, "accepted"));
    p->duplicate += (uint64_t)json_integer_value(json_object_get(result, "duplicate"));
    json_array_foreach(rejected, i, entry)
    {
        json_int_t index = json_integer_value(json_object_get(entry, "index"));
        if (index >= 0 && (size_t)index < flight->count) {
            reject(p, flight->lines[index], member(entry, "code"), member(entry, "field"),
                   member(entry, "detail"));
        }
    }
    return JJ_EXIT_OK;
}

/* The whole request was refused. What a later attempt may heal ends the run; the rest are
 * rejections of every line in it. */
static int take_error(publishing *p, const jj_flight *flight, int code, const json_t *result)
{
    jj_error err;
    jj_fail(&err, code, "lines %" PRIu64 " to %" PRIu64 " were not taken: %s", flight->lines[0],
            flight->lines[flight->count - 1], member(result, "detail"));
    if (code != JJ_EFORBIDDEN && code != JJ_EMALFORMED && code != JJ_ETOO_LARGE) {
        return jj_ctl_fail(NULL, &err);
    }
    for (size_t i = 0; i < flight->count; i++) {
        reject(p, flight->lines[i], jj_code_name(code), member(result, "field"),
               member(result, "detail"));
    }
    return JJ_EXIT_OK;
}

/* Waits for one answer. Returns an exit code. */
static int land(publishing *p)
{
    jj_error err = {0};
    jj_reply reply = {0};
    json_t *result = NULL;
    int rc = jj_client_receive(p->client, &reply, p->ctl->timeout_ms, &err);
    rc = rc ? rc
            : jj_json_load(&result, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, &err);
    int code = rc ? jj_ctl_fail("publishing", &err) : JJ_EXIT_OK;
    for (size_t i = 0; i < WINDOW && code == 0; i++) {
        jj_flight *flight = &p->flights[i];
        if (flight->request && flight->request == reply.request) {
            flight->request = 0;
            code = reply.code ? take_error(p, flight, reply.code, result)
                              : take_result(p, flight, result);
        }
    }
    jj_progress_show(&p->progress, p->done_bytes, p->total_bytes,
                     p->accepted + p->duplicate + p->rejected, "events");
    json_decref(result);
    jj_reply_clear(&reply);
    return code;
}

/* Sends the batch that has been read, if there is one. */
static int take_off(publishing *p)
{
    jj_error err = {0};
    jj_bytes events[BATCH_EVENTS];
    jj_flight *free_flight = NULL;
    if (p->batch.count == 0) {
        return JJ_EXIT_OK;
    }
    if (p->text.failed) {
        jj_fail(&err, JJ_EMEMORY, "out of memory");
        return jj_ctl_fail(NULL, &err);
    }
    while (jj_client_pending(p->client) >= WINDOW) {
        int code = land(p);
        if (code) {
            return code;
        }
    }
    for (size_t i = 0; i < WINDOW && !free_flight; i++) {
        free_flight = p->flights[i].request ? NULL : &p->flights[i];
    }
    for (size_t i = 0; i < p->batch.count; i++) {
        size_t from = i ? p->ends[i - 1] : 0;
        events[i] = (jj_bytes){p->text.data + from, p->ends[i] - from};
    }
    if (jj_client_send(p->client, "PUBLISH", NULL, events, p->batch.count, &p->batch.request,
                       &err)) {
        return jj_ctl_fail("publishing", &err);
    }
    *free_flight = p->batch;
    p->batch.count = 0;
    jj_buf_reset(&p->text);
    return JJ_EXIT_OK;
}

/* Adds a line to the batch. */
static int take_line(publishing *p, const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) {
        length--;
    }
    if (strspn(line, " \t") >= length) {
        return JJ_EXIT_OK;
    }
    if (length > JJ_FRAME_MAX) {
        char detail[96];
        snprintf(detail, sizeof detail, "%zu bytes, at most %d are allowed", length, JJ_FRAME_MAX);
        reject(p, p->line, jj_code_name(JJ_ETOO_LARGE), "", detail);
        return JJ_EXIT_OK;
    }
    int code =
        p->batch.count == BATCH_EVENTS || p->text.size + length > BATCH_BYTES ? take_off(p) : 0;
    if (code == 0) {
        jj_buf_add(&p->text, line, length);
        p->batch.lines[p->batch.count] = p->line;
        p->ends[p->batch.count++] = p->text.size;
    }
    return code;
}

static int run(publishing *p)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int code = JJ_EXIT_OK;
    while (code == 0 && (length = getline(&line, &room, p->in)) >= 0) {
        p->line++;
        p->done_bytes += (uint64_t)length;
        code = take_line(p, line, (size_t)length);
    }
    if (code == 0 && ferror(p->in)) {
        jj_error err;
        jj_fail_errno(&err, JJ_ESYSTEM, "line %" PRIu64 " cannot be read", p->line + 1);
        code = jj_ctl_fail(NULL, &err);
    }
    free(line);
    code = code ? code : take_off(p);
    while (code == 0 && jj_client_pending(p->client) > 0) {
        code = land(p);
    }
    jj_progress_hide(&p->progress);
    return code;
}

static int tell(publishing *p, int code)
{
    if (p->reasons) {
        int printed = jj_ctl_print_json(json_pack(
            "{s:I, s:I, s:I, s:O}", "accepted", (json_int_t)p->accepted, "duplicate",
            (json_int_t)p->duplicate, "rejected", (json_int_t)p->rejected, "reasons", p->reasons));
        code = code ? code : printed;
    } else {
        printf("accepted %s, duplicate %s, rejected %s\n", jj_ctl_count(p->accepted),
               jj_ctl_count(p->duplicate), jj_ctl_count(p->rejected));
    }
    if (code) {
        jj_ctl_say("  what was accepted is stored; the same lines may be sent again: the hub knows "
                   "them");
    }
    return code ? code : p->rejected ? JJ_EXIT_REJECTED : JJ_EXIT_OK;
}

int jj_ctl_publish(jj_ctl *ctl)
{
    jj_error err;
    struct stat status;
    publishing *p = calloc(1, sizeof *p);
    const char *path = ctl->arg_count > 0 && strcmp(ctl->args[0], "-") != 0 ? ctl->args[0] : NULL;
    if (!p) {
        jj_fail(&err, JJ_EMEMORY, "out of memory");
        return jj_ctl_fail(NULL, &err);
    }
    p->ctl = ctl;
    p->in = path ? fopen(path, "re") : stdin;
    p->reasons = ctl->json ? json_array() : NULL;
    int code;
    if (!p->in) {
        jj_fail_errno(&err, JJ_ESYSTEM, "%s cannot be read", path);
        code = jj_ctl_fail(NULL, &err);
    } else if ((code = jj_ctl_hub(ctl, &p->client)) == 0) {
        if (fstat(fileno(p->in), &status) == 0 && S_ISREG(status.st_mode)) {
            p->total_bytes = (uint64_t)status.st_size;
        }
        jj_progress_start(&p->progress);
        code = tell(p, run(p));
    }
    if (path && p->in) {
        fclose(p->in);
    }
    jj_buf_clear(&p->text);
    json_decref(p->reasons);
    free(p);
    return code;
}

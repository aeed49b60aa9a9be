/* publish: JSON lines to the hub, many requests under way at a time. */
#include "ctl/commands.h"

#include "jejaring/publish.h"

#include "ctl/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WINDOW 16 /* messages under way at a time */

typedef struct publishing {
    jj_ctl *ctl;
    jj_publisher *publisher;
    FILE *in;
    uint64_t line, done_bytes, total_bytes;
    json_t *reasons; /* with --json */
    jj_progress progress;
} publishing;

/* One line that was refused, on stderr at once or, with --json, in the result. */
static void reject(void *arg, const jj_refusal *why)
{
    publishing *p = arg;
    const char *code = jj_code_name(why->code);
    if (p->reasons) {
        json_array_append_new(p->reasons,
                              json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)why->sequence,
                                        "code", code, "field", why->field, "detail", why->detail));
    }
    jj_progress_hide(&p->progress);
    jj_ctl_say("line %" PRIu64 ": %s%s%s: %s", why->sequence, code, *why->field ? " at " : "",
               why->field, why->detail);
}

static void show_progress(publishing *p)
{
    const jj_published counts = jj_publisher_counts(p->publisher);
    jj_progress_show(&p->progress, p->done_bytes, p->total_bytes,
                     counts.accepted + counts.duplicate + counts.refused, "events");
}

static int take_line(publishing *p, const char *line, size_t length)
{
    jj_error err;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) {
        length--;
    }
    if (strspn(line, " \t") >= length) {
        return JJ_EXIT_OK;
    }
    int rc = jj_publisher_add(p->publisher, p->line, line, length, p->ctl->timeout_ms, &err);
    return rc ? jj_ctl_fail("publishing", &err) : JJ_EXIT_OK;
}

static int finish(publishing *p)
{
    jj_error err;
    int rc;
    uint64_t waiting;
    /* As long as there are answers, there is time. */
    do {
        waiting = jj_publisher_counts(p->publisher).waiting;
        rc = jj_publisher_flush(p->publisher, p->ctl->timeout_ms, &err);
        show_progress(p);
    } while (rc == JJ_ETIMEOUT && jj_publisher_counts(p->publisher).waiting < waiting);
    return rc ? jj_ctl_fail("publishing", &err) : JJ_EXIT_OK;
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
        show_progress(p);
    }
    if (code == 0 && ferror(p->in)) {
        jj_error err;
        jj_fail_errno(&err, JJ_ESYSTEM, "line %" PRIu64 " cannot be read", p->line + 1);
        code = jj_ctl_fail(NULL, &err);
    }
    free(line);
    code = code ? code : finish(p);
    jj_progress_hide(&p->progress);
    return code;
}

static int tell(publishing *p, int code)
{
    const jj_published counts = jj_publisher_counts(p->publisher);
    if (p->reasons) {
        int printed = jj_ctl_print_json(
            json_pack("{s:I, s:I, s:I, s:O}", "accepted", (json_int_t)counts.accepted, "duplicate",
                      (json_int_t)counts.duplicate, "rejected", (json_int_t)counts.refused,
                      "reasons", p->reasons));
        code = code ? code : printed;
    } else {
        printf("accepted %s, duplicate %s, rejected %s\n", jj_ctl_count(counts.accepted),
               jj_ctl_count(counts.duplicate), jj_ctl_count(counts.refused));
    }
    if (code) {
        jj_ctl_say("  what was accepted is stored; the same lines may be sent again: the hub knows "
                   "them");
    }
    return code ? code : counts.refused ? JJ_EXIT_REJECTED : JJ_EXIT_OK;
}

static int publish(publishing *p)
{
    jj_error err;
    struct stat status;
    jj_client *client;
    const jj_publishing how = {.window = WINDOW, .on_refused = reject, .arg = p};
    int code = jj_ctl_hub(p->ctl, &client);
    if (code) {
        return code;
    }
    if (jj_publisher_open(&p->publisher, client, &how, &err)) {
        return jj_ctl_fail(NULL, &err);
    }
    if (fstat(fileno(p->in), &status) == 0 && S_ISREG(status.st_mode)) {
        p->total_bytes = (uint64_t)status.st_size;
    }
    jj_progress_start(&p->progress);
    code = tell(p, run(p));
    jj_publisher_close(p->publisher);
    return code;
}

int jj_ctl_publish(jj_ctl *ctl)
{
    const char *path = ctl->arg_count > 0 && strcmp(ctl->args[0], "-") != 0 ? ctl->args[0] : NULL;
    publishing p = {.ctl = ctl, .in = path ? fopen(path, "re") : stdin};
    if (!p.in) {
        jj_error err;
        jj_fail_errno(&err, JJ_ESYSTEM, "%s cannot be read", path);
        return jj_ctl_fail(NULL, &err);
    }
    p.reasons = ctl->json ? json_array() : NULL;
    int code = publish(&p);
    if (path) {
        fclose(p.in);
    }
    json_decref(p.reasons);
    return code;
}

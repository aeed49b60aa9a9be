/* metrics: the node's figures in the text format of Prometheus, version 0.0.4. */
#include "ctl/commands.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "ctl/look.h"

#include <inttypes.h>
#include <string.h>

static void family(jj_buf *out, const char *name, const char *type, const char *help)
{
    jj_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label(jj_buf *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n') {
            jj_buf_puts(out, "\\n");
        } else {
            if (*value == '"' || *value == '\\') {
                jj_buf_putc(out, '\\');
            }
            jj_buf_putc(out, *value);
        }
    }
}

static void single(jj_buf *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    family(out, name, type, help);
    jj_buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void labelled(jj_buf *out, const char *name, const char *key, const char *of, uint64_t value)
{
    jj_buf_printf(out, "%s{%s=\"", name, key);
    label(out, of);
    jj_buf_printf(out, "\"} %" PRIu64 "\n", value);
}

static void put_build(jj_buf *out, const json_t *status)
{
    family(out, "jejaring_build_info", "gauge", "What runs here; the value is always 1.");
    jj_buf_puts(out, "jejaring_build_info{node=\"");
    label(out, jj_look_text(status, "node"));
    jj_buf_puts(out, "\",region=\"");
    label(out, jj_look_text(status, "region"));
    jj_buf_puts(out, "\",version=\"");
    label(out, jj_look_text(status, "version"));
    jj_buf_puts(out, "\",protocol=\"" JJ_PROTOCOL "\"} 1\n");
}

static void put_hub(jj_buf *out, const json_t *status)
{
    const json_t *journal = json_object_get(status, "journal");
    const json_t *balance = json_object_get(status, "balance");
    const json_t *quarantine = json_object_get(status, "quarantine");
    static const char *const words[][2] = {
        {"received", "Events that came in."},
        {"accepted", "Events that were stored."},
        {"duplicate", "Events that had been stored before."},
        {"rejected", "Events that were refused."},
    };

    single(out, "jejaring_uptime_seconds", "gauge", "Since the hub was started.",
           jj_look_number(status, "uptime_s"));
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "jejaring_events_%s_total", words[i][0]);
        single(out, name, "counter", words[i][1], jj_look_number(balance, words[i][0]));
    }
    single(out, "jejaring_balance_adds_up", "gauge", "1 if nothing was lost or counted twice.",
           json_is_true(json_object_get(status, "adds_up")));
    single(out, "jejaring_journal_size_bytes", "gauge", "The journal's files.",
           jj_look_number(journal, "size_bytes"));
    single(out, "jejaring_journal_failed", "gauge", "1 if nothing can be stored at the moment.",
           json_is_true(json_object_get(journal, "failed")));
    single(out, "jejaring_quarantine_entries", "gauge", "Refused events that are kept.",
           jj_look_number(quarantine, "kept"));
    single(out, "jejaring_quarantine_pushed_out_total", "counter",
           "Refused events that newer ones have pushed out.",
           jj_look_number(quarantine, "pushed_out"));
    single(out, "jejaring_readers_waiting", "gauge", "Requests that wait for the next event.",
           jj_look_number(status, "waiting"));
}

static uint64_t seconds_of(const json_t *consumer, const char *name)
{
    const char *text = jj_look_text(consumer, name);
    int64_t time_ms;
    return jj_time_parse(text, strlen(text), &time_ms) && time_ms > 0 ? (uint64_t)time_ms / 1000
                                                                      : 0;
}

static void put_consumers(jj_buf *out, const json_t *status)
{
    static const char *const figures[][4] = {
        {"delivered", "jejaring_consumer_delivered_total", "counter",
         "Events that a consumer was given."},
        {"filtered", "jejaring_consumer_filtered_total", "counter",
         "Events that a consumer did not want or may not see."},
        {"lost", "jejaring_consumer_lost_total", "counter",
         "Events that left the journal before a consumer had read them."},
        {"pending", "jejaring_consumer_lag_events", "gauge",
         "Events that a consumer has still to read."},
    };
    const json_t *consumers = json_object_get(status, "consumers");
    size_t at;
    json_t *consumer;

    if (json_array_size(consumers) == 0) {
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        family(out, figures[i][1], figures[i][2], figures[i][3]);
        json_array_foreach(consumers, at, consumer)
        {
            labelled(out, figures[i][1], "consumer", jj_look_text(consumer, "name"),
                     jj_look_number(consumer, figures[i][0]));
        }
    }
    family(out, "jejaring_consumer_last_commit_timestamp_seconds", "gauge",
           "When a consumer last committed.");
    json_array_foreach(consumers, at, consumer)
    {
        labelled(out, "jejaring_consumer_last_commit_timestamp_seconds", "consumer",
                 jj_look_text(consumer, "name"), seconds_of(consumer, "updated"));
    }
}

static void put_processes(jj_buf *out, const json_t *processes)
{
    size_t at;
    json_t *process;

    if (json_array_size(processes) == 0) {
        return;
    }
    family(out, "jejaring_process_up", "gauge", "1 if the hub, or the worker of a plugin, is up.");
    json_array_foreach(processes, at, process)
    {
        labelled(out, "jejaring_process_up", "process", jj_look_text(process, "name"),
                 jj_look_is_up(process));
    }
    family(out, "jejaring_process_restarts_total", "counter",
           "How often a process ended without being told to.");
    json_array_foreach(processes, at, process)
    {
        labelled(out, "jejaring_process_restarts_total", "process", jj_look_text(process, "name"),
                 jj_look_number(process, "restarts"));
    }
}

static void put_all(jj_buf *out, const jj_look *look)
{
    single(out, "jejaring_up", "gauge", "1 if the hub answers.", look->status != NULL);
    if (look->status) {
        put_build(out, look->status);
        put_hub(out, look->status);
        put_consumers(out, look->status);
    }
    put_processes(out, look->processes);
    if (look->disk_size_bytes) {
        single(out, "jejaring_disk_free_bytes", "gauge", "What is free where the journal is.",
               look->disk_free_bytes);
        single(out, "jejaring_disk_size_bytes", "gauge", "The disk on which the journal is.",
               look->disk_size_bytes);
    }
}

int jj_ctl_metrics(jj_ctl *ctl)
{
    jj_look look = {0};
    jj_buf out = {0};
    jj_error err = {0};
    const char *file = jj_ctl_option(ctl, "textfile");
    int code = jj_look_take(ctl, &look);

    if (code == 0) {
        put_all(&out, &look);
        code = look.status ? JJ_EXIT_OK : JJ_EXIT_UNREACHABLE;
    }
    if (out.failed) {
        jj_fail(&err, JJ_EMEMORY, "out of memory");
        code = jj_ctl_fail(NULL, &err);
    } else if (out.data && file) {
        /* Renamed into its place: the collector never sees a part of it. */
        code = jj_file_write(file, out.data, out.size, 0644, &err) ? jj_ctl_fail(file, &err) : code;
    } else if (out.data) {
        fwrite(out.data, 1, out.size, stdout);
    }
    if (code == JJ_EXIT_UNREACHABLE) {
        jj_ctl_say("jejaringctl: the hub does not answer: %s\n"
                   "  next: `jejaringctl doctor` looks closer",
                   look.away.text);
    }
    jj_buf_clear(&out);
    jj_look_clear(&look);
    return code;
}

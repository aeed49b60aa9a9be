#include "ctl/top.h"

#include "base/clock.h"
#include "ctl/ctl.h"
#include "json/load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 512
#define QUANTITY       24
#define ROWS_BETWEEN   4 /* blank lines and heads of the two tables */
#define LAG_RED_MS     60000
#define DISK_RED       20 /* a disk of which less than one in so many parts is free */

enum style {
    PLAIN,
    HEAD,
    RED,
};

/* Lines that are drawn, as many as the paper has. */
typedef struct sheet {
    const jj_top_paper *paper;
    jj_buf *out;
    int left; /* rows */
} sheet;

void jj_top_take(jj_top *top, json_t *status, int64_t now_ms)
{
    json_decref(top->before);
    top->before = top->status;
    top->before_ms = top->status_ms;
    top->status = status;
    top->status_ms = now_ms;
}

void jj_top_clear(jj_top *top)
{
    json_decref(top->status);
    json_decref(top->before);
    json_decref(top->processes);
    *top = (jj_top){0};
}

/* ---- Reading ------------------------------------------------------------------------------ */

static uint64_t number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = jj_json_string(object, name);
    return value ? value : "?";
}

static uint64_t cursor(const json_t *object, const char *name)
{
    return strtoull(text(object, name), NULL, 10);
}

/* A second, between the two answers; -1: there are not two of the same hub, or not of different
 * moments. */
static double rate(const jj_top *top, uint64_t before, uint64_t now)
{
    int64_t passed_ms = top->status_ms - top->before_ms;
    if (!top->status || !top->before || passed_ms <= 0 || now < before) {
        return -1;
    }
    return (double)(now - before) * 1000 / (double)passed_ms;
}

static double intake_rate(const jj_top *top, const char *name)
{
    return rate(top, number(json_object_get(top->before, "balance"), name),
                number(json_object_get(top->status, "balance"), name));
}

static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        if (strcmp(text(one, "name"), name) == 0) {
            return one;
        }
    }
    return NULL;
}

static double reading_rate(const jj_top *top, const json_t *consumer)
{
    const json_t *before = named(json_object_get(top->before, "consumers"), text(consumer, "name"));
    return before ? rate(top, cursor(before, "cursor"), cursor(consumer, "cursor")) : -1;
}

/* ---- Words -------------------------------------------------------------------------------- */

static const char *say_rate(char out[QUANTITY], double per_second)
{
    if (per_second < 0) {
        return "-";
    }
    if (per_second > 0 && per_second < 10) {
        snprintf(out, QUANTITY, "%.1f", per_second);
    } else {
        snprintf(out, QUANTITY, "%s", jj_ctl_count((uint64_t)(per_second + 0.5)));
    }
    return out;
}

static const char *say_bytes(char out[QUANTITY], uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    snprintf(out, QUANTITY, unit && value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

static const char *say_time(char out[QUANTITY], int64_t ms)
{
    unsigned long long s = ms > 0 ? (unsigned long long)ms / 1000 : 0;
    if (s >= 86400) {
        snprintf(out, QUANTITY, "%llu d %llu h", s / 86400, s / 3600 % 24);
    } else if (s >= 3600) {
        snprintf(out, QUANTITY, "%llu h %llu min", s / 3600, s / 60 % 60);
    } else if (s >= 60) {
        snprintf(out, QUANTITY, "%llu min %llu s", s / 60, s % 60);
    } else {
        snprintf(out, QUANTITY, "%llu s", s);
    }
    return out;
}

static const char *say_lag(char out[QUANTITY], uint64_t lag_ms)
{
    if (lag_ms == 0 || lag_ms >= 1000) {
        return lag_ms ? say_time(out, (int64_t)lag_ms) : "-";
    }
    snprintf(out, QUANTITY, "%" PRIu64 " ms", lag_ms);
    return out;
}

/* How long ago, or (forward) how soon, a moment is that a text names. */
static const char *say_distance(char out[QUANTITY], const char *moment, bool forward)
{
    int64_t at_ms;
    if (!jj_time_parse(moment, strlen(moment), &at_ms)) {
        return "-";
    }
    int64_t passed_ms = jj_now_ms() - at_ms;
    return say_time(out, forward ? -passed_ms : passed_ms);
}

/* ---- Lines -------------------------------------------------------------------------------- */

static void put_line(sheet *s, enum style style, const char *format, ...) JJ_PRINTF(3, 4);

static void put_line(sheet *s, enum style style, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    if (s->paper->rows && s->left <= 0) {
        return;
    }
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t size = length < 0 ? 0 : strlen(line);
    size_t room = s->paper->columns ? (size_t)s->paper->columns : size;
    size = size < room ? size : room;
    while (size && ((unsigned char)line[size] & 0xc0) == 0x80) {
        size--; /* never half a character */
    }
    for (size_t i = 0; i < size; i++) {
        line[i] = (unsigned char)line[i] < ' ' || line[i] == 0x7f ? '?' : line[i];
    }
    bool painted = style != PLAIN && s->paper->colour;
    jj_buf_puts(s->out, !painted ? "" : style == RED ? "\033[31m" : "\033[1m");
    jj_buf_add(s->out, line, size);
    jj_buf_puts(s->out, painted ? "\033[0m\n" : "\n");
    s->left--;
}

static void put_head(sheet *s, const jj_top *top)
{
    char now[JJ_TIME_SIZE], up[QUANTITY];
    const json_t *status = top->status;
    jj_time_format(jj_now_ms() / 1000 * 1000, now);
    if (status) {
        put_line(s, HEAD, "Jejaring %s, region %s, up %s, version %s   %s", text(status, "node"),
                 text(status, "region"), say_time(up, (int64_t)number(status, "uptime_s") * 1000),
                 text(status, "version"), now);
    } else {
        put_line(s, HEAD, "Jejaring   %s", now);
    }
    if (top->silent_ms) {
        put_line(s, RED, "The hub has not answered for %s; still trying%s (%s)",
                 say_time(up, top->silent_ms), status ? ", what follows is older" : "", top->door);
    }
    if (top->daemon_gone) {
        put_line(s, RED, "jejaringd is not running.");
    }
}

static void put_node(sheet *s, const jj_top *top)
{
    char a[QUANTITY], b[QUANTITY], c[QUANTITY], d[QUANTITY];
    const json_t *journal = json_object_get(top->status, "journal");
    const json_t *balance = json_object_get(top->status, "balance");
    const json_t *quarantine = json_object_get(top->status, "quarantine");
    uint64_t limit = number(journal, "limit_bytes"), size = number(journal, "size_bytes");
    uint64_t free_bytes = number(journal, "free_bytes"), disk = number(journal, "disk_bytes");
    put_line(s, PLAIN,
             "intake      %s/s accepted, %s/s duplicate, %s/s rejected; %s accepted so far",
             say_rate(a, intake_rate(top, "accepted")), say_rate(b, intake_rate(top, "duplicate")),
             say_rate(c, intake_rate(top, "rejected")), jj_ctl_count(number(balance, "accepted")));
    put_line(s, PLAIN, "journal     cursor %s, oldest kept %s, %s of %s",
             jj_ctl_count(cursor(journal, "head")), jj_ctl_count(cursor(journal, "tail")),
             say_bytes(a, size), limit ? say_bytes(b, limit) : "no limit");
    put_line(s, disk && free_bytes < disk / DISK_RED ? RED : PLAIN, "disk        %s free of %s",
             say_bytes(c, free_bytes), say_bytes(d, disk));
    put_line(s, PLAIN, "quarantine  %s kept, %s pushed out",
             jj_ctl_count(number(quarantine, "kept")),
             jj_ctl_count(number(quarantine, "pushed_out")));
    if (json_is_true(json_object_get(journal, "failed"))) {
        put_line(s, RED, "The journal cannot be written: nothing is taken in.");
    }
    if (!json_is_true(json_object_get(top->status, "adds_up"))) {
        put_line(s, RED, "The balance does not add up: `jejaringctl balance` shows where.");
    }
}

/* ---- Processes ---------------------------------------------------------------------------- */

static void put_process(sheet *s, const json_t *process)
{
    char state[64], since[QUANTITY];
    bool up = strcmp(text(process, "state"), "up") == 0;
    const char *next = jj_json_string(process, "next_start"),
               *begun = jj_json_string(process, "since");
    const char *words = text(process, "says");
    if (next && strcmp(text(process, "state"), "waiting") == 0) {
        snprintf(state, sizeof state, "starts in %s", say_distance(since, next, true));
    } else {
        snprintf(state, sizeof state, "%s", text(process, "state"));
    }
    put_line(s, up ? PLAIN : RED, "%-20s %-20s %-14s %8" PRIu64 "  %s", text(process, "name"),
             state, begun ? say_distance(since, begun, false) : "-", number(process, "restarts"),
             *words || up ? words : text(process, "ended"));
}

static void put_processes(sheet *s, const jj_top *top, size_t most)
{
    const json_t *list = json_object_get(top->processes, "processes");
    size_t count = json_array_size(list), shown = count <= most ? count : most - 1;
    put_line(s, PLAIN, "%s", "");
    if (!list) {
        put_line(s, PLAIN,
                 "process     not known here: the supervisor tells it in the folder `run`");
        return;
    }
    put_line(s, HEAD, "%-20s %-20s %-14s %8s  %s", "process", "state", "since", "restarts", "says");
    for (size_t i = 0; i < shown; i++) {
        put_process(s, json_array_get(list, i));
    }
    if (shown < count) {
        put_line(s, PLAIN, "... and %zu more", count - shown);
    }
}

/* ---- Consumers ---------------------------------------------------------------------------- */

/* Those that are furthest behind first. */
static int by_lag(const void *a, const void *b)
{
    const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;
    uint64_t first = number(x, "lag_ms"), second = number(y, "lag_ms");
    return first != second ? (first < second) - (first > second)
                           : strcmp(text(x, "name"), text(y, "name"));
}

static void put_consumer(sheet *s, const jj_top *top, const json_t *consumer)
{
    char speed[QUANTITY], lag[QUANTITY], last[QUANTITY];
    uint64_t lag_ms = number(consumer, "lag_ms"), lost = number(consumer, "lost");
    put_line(s, lag_ms >= LAG_RED_MS ? RED : PLAIN, "%-28s %9s %11s %13s %13s %13s  %s%s%s%s",
             text(consumer, "name"), say_rate(speed, reading_rate(top, consumer)),
             jj_ctl_count(number(consumer, "pending")), say_lag(lag, lag_ms),
             jj_ctl_count(number(consumer, "delivered")),
             jj_ctl_count(number(consumer, "filtered")),
             say_distance(last, text(consumer, "updated"), false), lost ? ", " : "",
             lost ? jj_ctl_count(lost) : "", lost ? " lost to it" : "");
}

static void put_consumers(sheet *s, const jj_top *top)
{
    const json_t *list = json_object_get(top->status, "consumers");
    size_t count = json_array_size(list);
    const json_t **sorted = calloc(count + 1, sizeof *sorted);
    put_line(s, PLAIN, "%s", "");
    put_line(s, HEAD, "%-28s %9s %11s %13s %13s %13s  %s", "consumer", "read/s", "pending", "lag",
             "delivered", "filtered", "last commit");
    for (size_t i = 0; sorted && i < count; i++) {
        sorted[i] = json_array_get(list, i);
    }
    if (sorted) {
        qsort(sorted, count, sizeof *sorted, by_lag);
    }
    size_t room = s->paper->rows ? (size_t)(s->left > 1 ? s->left : 1) : count;
    size_t shown = !sorted ? 0 : count <= room ? count : room - 1;
    for (size_t i = 0; i < shown; i++) {
        put_consumer(s, top, sorted[i]);
    }
    if (shown < count) {
        put_line(s, PLAIN, "... and %zu more", count - shown);
    }
    free(sorted);
}

/* ---- The whole ---------------------------------------------------------------------------- */

void jj_top_draw(const jj_top *top, const jj_top_paper *paper, jj_buf *out)
{
    sheet s = {.paper = paper, .out = out, .left = paper->rows - (paper->foot != NULL)};
    size_t processes = json_array_size(json_object_get(top->processes, "processes"));
    put_head(&s, top);
    if (top->status) {
        put_node(&s, top);
    }
    if (paper->rows) { /* at most a half of what is left, the rest for the consumers */
        size_t half = s.left > ROWS_BETWEEN + 1 ? (size_t)(s.left - ROWS_BETWEEN) / 2 : 1;
        processes = processes < half ? processes : half;
    }
    put_processes(&s, top, processes ? processes : 1);
    if (top->status) {
        put_consumers(&s, top);
    }
    if (paper->foot) {
        s.left++;
        put_line(&s, PLAIN, "%s", paper->foot);
    }
}

static json_t *json_rate(double per_second)
{
    return per_second < 0 ? json_null() : json_real(per_second);
}

json_t *jj_top_json(const jj_top *top)
{
    size_t i;
    json_t *consumer, *reading = json_object();
    char now[JJ_TIME_SIZE];
    jj_time_format(jj_now_ms(), now);
    json_array_foreach(json_object_get(top->status, "consumers"), i, consumer)
    {
        json_object_set_new(reading, text(consumer, "name"),
                            json_rate(reading_rate(top, consumer)));
    }
    json_t *rates =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "received", json_rate(intake_rate(top, "received")),
                  "accepted", json_rate(intake_rate(top, "accepted")), "duplicate",
                  json_rate(intake_rate(top, "duplicate")), "rejected",
                  json_rate(intake_rate(top, "rejected")), "consumers", reading);
    return json_pack("{s:s, s:b, s:o, s:O?, s:O?}", "time", now, "reachable", top->silent_ms == 0,
                     "rates", rates, "status", top->status, "processes",
                     json_object_get(top->processes, "processes"));
}

/*
 * A plugin's state, made easy: what one callback does with it, documents and registers that end the
 * same in whatever order events come, and what is needed of an event's data to fill them.
 *
 * Guarantees: a failure (no memory, a refused draft) is sticky in the jj_turn, further calls do
 * nothing harmful, and the callback that ends with jj_turn_verdict or jj_turn_settle leaves
 * nothing half done. Functions take NULL documents, as jansson does.
 *
 * Not here: reactions (react.h) and waiting lines (lines.h). Header only, C only; it needs
 * plugin.h, jansson and libc.
 */
#ifndef JEJARING_STATE_H
#define JEJARING_STATE_H

#include <jejaring/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JJ_KEY_MAX    256 /* bytes of a state key with its NUL, see jj_host.state_put */
#define JJ_NAME_MAX   65  /* bytes of an entity's key, a region or a skill within one, with NUL */
#define JJ_STAMP_SIZE 33  /* see jj_stamp */
#define JJ_DAY_SIZE   11  /* "2019-07-31" and its NUL */

/* One callback's dealings with the host: `jj_turn turn = {self->host, false};`. */
typedef struct jj_turn {
    const jj_host *host;
    bool failed; /* sticky */
} jj_turn;

/* Notes a failure and logs the first of a turn. what never holds personal data. */
static inline void jj_turn_fail(jj_turn *turn, const char *what)
{
    if (!turn->failed) {
        turn->host->log(turn->host, JJ_LOG_ERROR, "%s; this batch will be done again", what);
    }
    turn->failed = true;
}

/* The answer of on_events. */
static inline int jj_turn_verdict(const jj_turn *turn)
{
    return turn->failed ? JJ_LATER : JJ_DONE;
}

/* Ends a callback that has no answer, such as on_timer. After a failure the process ends: what was
 * staged is then dropped, and the daemon starts the plugin again (see plugin.h). */
static inline void jj_turn_settle(const jj_turn *turn)
{
    if (turn->failed) {
        abort();
    }
}

/* ---- Members of an event's data ----------------------------------------------------------- */

/* A string member, NULL if it is not there. Borrowed. */
static inline const char *jj_text(const json_t *data, const char *name)
{
    return json_string_value(json_object_get(data, name));
}

/* A string member that can be a part of a state key: 1 to 64 bytes without '/'. */
static inline const char *jj_name(const char *text)
{
    return text && *text && strlen(text) < JJ_NAME_MAX && !strchr(text, '/') ? text : NULL;
}

static inline int64_t jj_number(const json_t *data, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(data, name);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

static inline bool jj_flag(const json_t *data, const char *name)
{
    return json_is_true(json_object_get(data, name));
}

/* True if the array has this string in it. */
static inline bool jj_lists(const json_t *array, const char *word)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text && strcmp(text, word) == 0) {
            return true;
        }
    }
    return false;
}

/* A form of text that compares equal for equal words and can be a part of a state key: letters
 * and digits in lower case, everything between them one '-', at most 64 bytes. */
static inline void jj_skill(const char *text, char out[JJ_NAME_MAX])
{
    size_t size = 0;
    for (; text && *text && size < JJ_NAME_MAX - 1; text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out[size++] = c;
        } else if (size > 0 && out[size - 1] != '-') {
            out[size++] = '-';
        }
    }
    while (size > 0 && out[size - 1] == '-') {
        size--;
    }
    out[size] = '\0';
}

/* True if region is area, or a regency in the province area; "*" is everywhere. */
static inline bool jj_region_within(const char *area, const char *region)
{
    size_t length = strlen(area);
    return strcmp(area, "*") == 0 || (strncmp(region, area, length) == 0 &&
                                      (region[length] == '\0' || region[length] == '.'));
}

/* ---- Days --------------------------------------------------------------------------------- */

#define JJ_DAY_MS INT64_C(86400000)

/* The day of a time, in UTC: an event's time is made from its date at midnight UTC. */
static inline void jj_day_format(int64_t time_ms, char out[JJ_DAY_SIZE])
{
    time_t seconds = (time_t)(time_ms / 1000 - (time_ms % 1000 < 0));
    struct tm day;
    if (!gmtime_r(&seconds, &day) || strftime(out, JJ_DAY_SIZE, "%Y-%m-%d", &day) == 0) {
        strcpy(out, "1970-01-01");
    }
}

/* Midnight UTC of "YYYY-MM-DD". False: not a day; the schemas have judged it before. */
static inline bool jj_day_parse(const char *text, int64_t *time_ms)
{
    struct tm day = {0};
    const char *end = text ? strptime(text, "%Y-%m-%d", &day) : NULL;
    if (!end || *end) {
        return false;
    }
    *time_ms = (int64_t)timegm(&day) * 1000;
    return true;
}

/* The day on which an event happened, as its data says it: a correction has a later time, and tells
 * of the same day. Without a date, the event's own time. */
static inline int64_t jj_day_of(const jj_event *event, const json_t *data)
{
    int64_t day_ms = event->time_ms;
    jj_day_parse(jj_text(data, "date"), &day_ms);
    return day_ms;
}

/* ---- Documents in the state --------------------------------------------------------------- */

/* Writes a state key. Too long a key fails the turn. */
static inline void jj_key(jj_turn *turn, char out[JJ_KEY_MAX], const char *format, ...)
    JJ_PRINTF(3, 4);
static inline void jj_key(jj_turn *turn, char out[JJ_KEY_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(out, JJ_KEY_MAX, format, args);
    va_end(args);
    if (size <= 0 || size >= JJ_KEY_MAX) {
        jj_turn_fail(turn, "a state key is too long");
    }
}

static inline void jj_put(jj_turn *turn, const char *key, const char *value)
{
    if (!turn->failed && turn->host->state_put(turn->host, key, value) != 0) {
        jj_turn_fail(turn, "state cannot be kept");
    }
}

static inline void jj_delete(jj_turn *turn, const char *key)
{
    int code = turn->failed ? 0 : turn->host->state_delete(turn->host, key);
    if (code != 0 && code != JJ_ENOTFOUND) {
        jj_turn_fail(turn, "state cannot be kept");
    }
}

static inline bool jj_has(jj_turn *turn, const char *key)
{
    const char *value;
    return turn->host->state_get(turn->host, key, &value) == 0;
}

/* The JSON object stored under key, an empty one if there is none. New; NULL after a failure. */
static inline json_t *jj_doc_load(jj_turn *turn, const char *key)
{
    const char *text;
    bool there = turn->host->state_get(turn->host, key, &text) == 0;
    json_t *document = there ? json_loads(text, 0, NULL) : json_object();
    if (!document) {
        jj_turn_fail(turn, "out of memory");
    }
    return document;
}

struct jj_dump {
    char *text;
    size_t size, room;
    bool failed;
};

static inline int jj_dump_add(const char *part, size_t size, void *arg)
{
    struct jj_dump *dump = (struct jj_dump *)arg;
    if (!dump->failed && dump->room - dump->size <= size) {
        size_t room = 2 * (dump->size + size) + 256;
        char *more = (char *)realloc(dump->text, room);
        if (!more) {
            dump->failed = true; /* and stays so: jansson goes on after a name */
            return -1;
        }
        dump->text = more;
        dump->room = room;
    }
    if (!dump->failed) {
        memcpy(dump->text + dump->size, part, size);
        dump->size += size;
        dump->text[dump->size] = '\0';
    }
    return dump->failed ? -1 : 0;
}

/* The text of an object or a list in one canonical form, for free(); NULL without memory, where
 * json_dumps can give a text that lacks a name (jansson 2.14). */
static inline char *jj_doc_text(const json_t *document)
{
    struct jj_dump dump = {NULL, 0, 0, false};
    int rc = json_dump_callback(document, jj_dump_add, &dump, JSON_COMPACT | JSON_SORT_KEYS);
    if (rc || dump.failed) {
        free(dump.text);
        return NULL;
    }
    return dump.text;
}

/* Stores an object in one canonical form; an empty one is deleted. Borrows document. */
static inline void jj_doc_store(jj_turn *turn, const char *key, const json_t *document)
{
    if (turn->failed) {
        return;
    }
    if (json_object_size(document) == 0) {
        jj_delete(turn, key);
        return;
    }
    char *text = jj_doc_text(document);
    if (text) {
        jj_put(turn, key, text);
    } else {
        jj_turn_fail(turn, "out of memory");
    }
    free(text);
}

static inline void jj_doc_set(jj_turn *turn, json_t *document, const char *name, json_t *value)
{
    if (json_object_set_new(document, name, value) != 0) { /* takes value, even then */
        jj_turn_fail(turn, "out of memory");
    }
}

struct jj_collection {
    json_t *found;
    size_t skip, most;
    bool failed;
};

static inline int jj_collect_one(void *arg, const char *key, const char *value)
{
    struct jj_collection *collection = arg;
    if (json_object_set_new(collection->found, key + collection->skip, json_string(value)) != 0) {
        collection->failed = true;
    }
    return collection->failed || json_object_size(collection->found) >= collection->most;
}

/* The first `most` entries below prefix as an object, in order, each key without the prefix. With
 * it the state can be changed while its entries are gone through. New; NULL after a failure. */
static inline json_t *jj_collect(jj_turn *turn, const char *prefix, size_t most)
{
    struct jj_collection collection = {json_object(), strlen(prefix), most, false};
    int code = turn->host->state_scan(turn->host, prefix, jj_collect_one, &collection);
    if (!collection.found || collection.failed || code < 0) {
        jj_turn_fail(turn, "state cannot be read");
    }
    return collection.found;
}

/* Deletes every entry below prefix. */
static inline void jj_forget(jj_turn *turn, const char *prefix)
{
    json_t *found = jj_collect(turn, prefix, SIZE_MAX), *unused;
    const char *rest;
    json_object_foreach(found, rest, unused)
    {
        char key[JJ_KEY_MAX];
        jj_key(turn, key, "%s%s", prefix, rest);
        jj_delete(turn, key);
    }
    json_decref(found);
}

/* ---- Registers ---------------------------------------------------------------------------- */
/*
 * A register is a member of a document that holds the latest statement about one thing:
 * [stamp, value]. Whatever the order and number of deliveries, the statement with the greatest
 * stamp stays: the later time, and among equal times the greater event key, as everywhere in
 * Jejaring.
 */

/* The event's key in hexadecimal. In order of text it is in order of time. */
static inline void jj_stamp(const jj_event *event, char out[JJ_STAMP_SIZE])
{
    for (size_t i = 0; i < 16; i++) {
        snprintf(out + 2 * i, 3, "%02x", event->key[i]);
    }
}

/* When the event of a stamp happened; 0 for none. */
static inline int64_t jj_stamp_time(const char *stamp)
{
    char head[13] = "";
    if (stamp && strlen(stamp) >= 12) {
        memcpy(head, stamp, 12);
    }
    return (int64_t)strtoull(head, NULL, 16);
}

/* The value of a register, or NULL. Borrowed. */
static inline json_t *jj_register(const json_t *document, const char *name)
{
    return json_array_get(json_object_get(document, name), 1);
}

/* The stamp of a register, "" if nothing was said. Borrowed. */
static inline const char *jj_register_stamp(const json_t *document, const char *name)
{
    const char *stamp = json_string_value(json_array_get(json_object_get(document, name), 0));
    return stamp ? stamp : "";
}

/* Takes what event says into the register if it is later than what is there; takes value in any
 * case. True if the register was written. */
static inline bool jj_register_take(jj_turn *turn, json_t *document, const char *name,
                                    const jj_event *event, json_t *value)
{
    char stamp[JJ_STAMP_SIZE];
    jj_stamp(event, stamp);
    if (strcmp(stamp, jj_register_stamp(document, name)) <= 0) {
        json_decref(value);
        return false;
    }
    jj_doc_set(turn, document, name, json_pack("[s, o]", stamp, value));
    return true;
}

/*
 * What begins and ends, is granted and withdrawn. A file tells a day, and no hour: what begins and
 * ends at one moment has ended, and what is granted and withdrawn at one moment is withdrawn,
 * whichever of the two events has the greater key.
 */

/* Takes yes or no into a register. At one moment no goes before yes. */
static inline bool jj_register_answer(jj_turn *turn, json_t *document, const char *name,
                                      const jj_event *event, bool yes)
{
    jj_event marked = *event;
    marked.key[6] = (unsigned char)(yes ? event->key[6] & 0x7f : event->key[6] | 0x80);
    return jj_register_take(turn, document, name, &marked, json_boolean(yes));
}

/* True if the register `end` was said at the moment of the register `begin` or later. */
static inline bool jj_register_over(const json_t *document, const char *begin, const char *end)
{
    const char *stamp = jj_register_stamp(document, end);
    return *stamp && jj_stamp_time(stamp) >= jj_stamp_time(jj_register_stamp(document, begin));
}

#endif

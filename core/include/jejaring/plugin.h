/*
 * The plugin ABI, version 1: what an agency's shared object must be to run inside jejaringd.
 *
 * A plugin exports one symbol, `jejaring_plugin`, a constant jj_plugin. The daemon runs each
 * configured instance in a process of its own and calls everything from that process's only
 * thread, one callback at a time. A callback that crashes or hangs costs its own process, nothing
 * else: the daemon starts it again and delivers once more what had not been committed.
 *
 * What a callback publishes, the state that it changes and the consumer's cursor become durable
 * together, after the callback has returned, or not at all. A plugin therefore needs no files and
 * no locks, and never does a thing twice because of a crash.
 *
 * The ABI grows by new fields at the end of the two structs (the declared size says which are
 * there) and by host interfaces looked up by id. It never changes a field silently; a change that
 * breaks plugins raises JJ_ABI_MAJOR.
 */
#ifndef JEJARING_PLUGIN_H
#define JEJARING_PLUGIN_H

#include <jejaring/error.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JJ_ABI_MAJOR 1 /* must be equal on both sides */
#define JJ_ABI_MINOR 1 /* grows with additions */

/* Severity of a log line, as in syslog. */
enum jj_log_level {
    JJ_LOG_ERROR = 3,
    JJ_LOG_WARNING = 4,
    JJ_LOG_NOTICE = 5,
    JJ_LOG_INFO = 6,
    JJ_LOG_DEBUG = 7,
};

/* ---- Options ------------------------------------------------------------------------------ */

enum jj_option_type {
    JJ_OPTION_STRING,   /* value.string */
    JJ_OPTION_INTEGER,  /* value.number, between min and max */
    JJ_OPTION_BOOLEAN,  /* value.number, 0 or 1; true/false or ya/tidak in the file */
    JJ_OPTION_DURATION, /* value.number in milliseconds; "500ms", "30s", "5m", "2h", "7d" */
    JJ_OPTION_SIZE,     /* value.number in bytes; "64KiB", "10MiB", "2GiB" */
    JJ_OPTION_PATH,     /* value.string, made absolute from the folder of the config file */
    JJ_OPTION_JSON,     /* value.string: the YAML below this key, written as JSON */
};

typedef struct jj_option {
    const char *name;    /* key below `options:` in the config; NULL ends the table */
    int type;            /* a jj_option_type */
    const char *initial; /* default as it would be written in the file; NULL: none */
    int64_t min, max;    /* for numbers; both 0: any */
    bool required;       /* absent from the file is an error */
    const char *doc;     /* one line for the manual and for --describe */
} jj_option;

/* The value of the option at the same index of the table. Owned by the host, valid until the next
 * call of `reload` or the return of `destroy`. */
typedef struct jj_value {
    bool given;         /* false: neither in the file nor defaulted */
    int64_t number;     /* see jj_option_type */
    const char *string; /* NULL where the type has none or nothing is given */
} jj_value;

/* ---- Events ------------------------------------------------------------------------------- */

/* One delivered event, as this plugin may see it. Borrowed: valid until the callback returns. */
typedef struct jj_event {
    const char *text;      /* the CloudEvent in JSON, as the hub sent it; not NUL-terminated */
    size_t size_bytes;     /* of text */
    unsigned char key[16]; /* the event's key: 48 bits of time, 80 bits of hash (design: event) */
    int64_t time_ms;       /* when it happened: milliseconds since 1970-01-01T00:00:00Z */
    const char *id;        /* attributes, unescaped and NUL-terminated; NULL where absent */
    const char *source;
    const char *type;
    const char *region;
    const char *subject;
    const char *recipient;
    const char *cause;
} jj_event;

/* An event that a plugin wants to publish. All is borrowed for the length of the call. */
typedef struct jj_draft {
    const char *type;      /* must be in the descriptor's `publishes` */
    const char *subject;   /* person key or entity key; NULL if data carries a nik */
    const char *region;    /* NULL: the region of the cause, else that of the node */
    const char *recipient; /* agency that alone may see it; NULL: by the schema's audiences */
    const jj_event *cause; /* what this answers, or NULL: id, source, region and time are read */
    const char *key;       /* tells it from others of same cause and type; NULL only with a cause */
    int64_t time_ms;       /* when it happened; 0: the time of the cause, else now */
    const json_t *data;    /* the event's data: an object; borrowed */
} jj_draft;

/* ---- The host ----------------------------------------------------------------------------- */

typedef struct jj_host jj_host;

/* Called for each entry of a scan, in ascending order of key. Return 0 to go on, anything else to
 * stop. It must not change the state. */
typedef int (*jj_state_visit)(void *arg, const char *key, const char *value);

/* What the daemon offers. Every function may be called from every callback except `check` (which
 * has no host) and `destroy`, unless its comment says otherwise. */
struct jj_host {
    uint32_t abi_major, abi_minor;
    size_t size_bytes; /* of this struct: fields beyond it are not there */
    void *ctx;         /* the host's own */

    const char *instance; /* name of this instance in the config */
    const char *node;     /* name of the node */
    const char *region;   /* region of the node, e.g. "33.75" */

    /* Stages an event for publication with the next commit. The id is made from the cause (or,
     * without one, the instance), the type and `key`, and so is the same when done again. A commit
     * is one message of at most 1,000 events. What one batch publishes beyond that is not refused
     * here: the batch is delivered again in parts, and an event that alone is answered by more goes
     * to quarantine. Elsewhere than in on_events the 1,001st is refused: commit first.
     * Errors: JJ_EFORBIDDEN (type not declared in the descriptor, or called from `create`),
     * JJ_EINVALID (no type; data is no object; a cause without id or source; neither cause nor
     * key), JJ_ETOO_LARGE (more than 1 MiB as an event, or the 1,001st), JJ_EMEMORY. */
    int (*publish)(const jj_host *host, const jj_draft *draft, jj_error *err);

    /* The plugin's own durable key-value state: what was put is seen by the next get at once and
     * becomes durable with the next commit. Keys are non-empty UTF-8 of at most 255 bytes, values
     * UTF-8 text (JSON, for instance). All of it is kept in the worker's memory: delete what is
     * done with; and the changes of one commit share a frame of 1 MiB. get: *value is borrowed
     * until the next call of any state function; JJ_ENOTFOUND if absent. put: JJ_EINVALID for a key
     * or a value that is not as above, JJ_ETOO_LARGE for a value that no commit could carry,
     * JJ_EMEMORY. delete: nothing to delete is no error; JJ_EINVALID. scan: every key that begins
     * with prefix, in ascending bytewise order. */
    int (*state_get)(const jj_host *host, const char *key, const char **value);
    int (*state_put)(const jj_host *host, const char *key, const char *value);
    int (*state_delete)(const jj_host *host, const char *key);
    int (*state_scan)(const jj_host *host, const char *prefix, jj_state_visit visit, void *arg);

    /* Makes durable what has been staged so far without waiting for the callback to return.
     * Not from `on_events`: a batch is committed with its cursor or not at all.
     * Errors: JJ_ETIMEOUT, or the hub's answer; what was staged is then still staged. */
    int (*commit)(const jj_host *host, jj_error *err);

    /* The `data` of a delivered event, parsed on first use. Borrowed like the event. */
    const json_t *(*data)(const jj_host *host, const jj_event *event);

    /* Puts one event of the current batch into quarantine with a reason (no personal data in it).
     * Only from `on_events`; the batch goes on without the event. Told the hub with the cursor of
     * the batch; a plugin with a cursor of its own has to see after a crash that none is missing.
     */
    int (*reject)(const jj_host *host, const jj_event *event, const char *reason);

    /* One line to the daemon's log under this instance's name. Never personal data. */
    void (*log)(const jj_host *host, int level, const char *format, ...) JJ_PRINTF(3, 4);

    int64_t (*now_ms)(const jj_host *host); /* wall clock, milliseconds since 1970 */

    /* Calls `on_timer` with id after delay_ms, again every delay_ms if repeat. An id that is
     * already set is set anew; delay_ms < 0 removes it. Ids 0 to 15. */
    int (*timer)(const jj_host *host, int id, int64_t delay_ms, bool repeat);

    /* Calls `on_descriptor` when fd is ready for events (POLLIN, POLLOUT; 0 stops watching).
     * The descriptor stays the plugin's. At most 16. */
    int (*watch)(const jj_host *host, int fd, short events);

    /* Further services by id; NULL if this host has none of that name. There is:
     * "jejaring.schemas/1"  const char *: the node's folder of schemas, absolute.
     * "jejaring.relay/1"    const jj_relay *: see <jejaring/relay.h>.
     * "jejaring.publisher/1"  const jj_publisher *: see <jejaring/publisher.h>. */
    const void *(*interface)(const jj_host *host, const char *id);
};

/* ---- The plugin --------------------------------------------------------------------------- */

/* See `resume`. */
#define JJ_STATE_RESTORED "jejaring.restored"

/* What on_events answers. */
enum jj_verdict {
    JJ_DONE = 0,  /* the batch is done: commit it */
    JJ_LATER = 1, /* not now: forget what this call staged and deliver the batch again (backoff) */
    JJ_TAKEN = 2, /* of a relay only: it is the plugin's now, see <jejaring/relay.h> */
};

typedef struct jj_plugin {
    uint32_t abi_major, abi_minor; /* JJ_ABI_MAJOR, JJ_ABI_MINOR */
    size_t size_bytes;             /* sizeof(jj_plugin) */

    const char *name;    /* lower case, as in the config */
    const char *version; /* of the plugin */
    const char *summary; /* one line */

    const char *const *publishes;  /* event types it may publish; ends with NULL; may be NULL; "*":
                                    * whatever a relay passes on */
    const char *const *subscribes; /* event types it wants; "*" for all; NULL: none */
    const jj_option *options;      /* ends with a NULL name; may be NULL */

    /* Judges option values beyond type and range. It changes nothing and needs no network, nor a
     * host; of files it reads at most those that an option names. Optional. values has one entry
     * for each row of `options`. Returns 0 or fills in err (err->field may name the option). */
    int (*check)(const jj_value *values, jj_error *err);

    /* Makes the instance. host and values outlive it. On success *self is the plugin's own.
     * May call the host's log, now_ms, interface and state functions, but not publish. */
    int (*create)(const jj_host *host, const jj_value *values, void **self, jj_error *err);

    /* Called once the hub is there, before the first event. Optional. A failure restarts the
     * worker with backoff. */
    int (*start)(void *self, jj_error *err);

    /* Takes a batch, oldest first, never empty. Optional if subscribes is NULL. */
    int (*on_events)(void *self, const jj_event *events, size_t count);

    void (*on_timer)(void *self, int id);                     /* see jj_host.timer; optional */
    void (*on_descriptor)(void *self, int fd, short revents); /* see jj_host.watch; optional */

    /* Optional: a plugin that keeps its own cursor (in its own database, say) gives the one after
     * which to resume. On entry *cursor is the hub's record of it, which may be behind. Called
     * after `start`, and after on_events has answered JJ_LATER. Such a plugin moves its cursor in
     * on_events, in one transaction with what it does there. A failure at the start restarts the
     * worker; later, the batch comes again from where it began.
     * Its batches hold what waits, up to 50,000 events: fewer where on_events takes more than three
     * seconds for one, and at most 1,000 after it has answered JJ_LATER; the ones that follow grow.
     * After the node was restored from a backup, the state has the key JJ_STATE_RESTORED: cursors
     * mean other events than before. Begin at 0 (the oldest event that is kept), and when that is
     * durable delete the key and commit. */
    int (*resume)(void *self, uint64_t *cursor, jj_error *err);

    /* With resume only, and then required: called before each on_events with the cursors between
     * which its batch lies. `cursor` is what the plugin has to store with that batch. Where the two
     * are the same the batch holds events that the plugin put aside before and that it is given
     * once more, without any progress of the cursor. */
    void (*batch)(void *self, uint64_t after, uint64_t cursor);

    /* The configuration was read again; values already hold the new ones and the old ones are
     * gone. Optional: without it the worker is restarted when its options change. */
    int (*reload)(void *self, const jj_value *values, jj_error *err);

    void (*stop)(void *self);    /* no event will come any more; may commit. Optional */
    void (*destroy)(void *self); /* frees the instance. self may be NULL */

    /* Since 1.1. Audiences that an instance cannot do its work without, e.g. "node"; ends with
     * NULL; may be NULL. A configuration that does not give it all of them is refused. */
    const char *const *needs;
} jj_plugin;

/* A plugin defines exactly this:  JJ_API extern const jj_plugin jejaring_plugin; */
#define JJ_PLUGIN_SYMBOL "jejaring_plugin"

#ifdef __cplusplus
}
#endif
#endif

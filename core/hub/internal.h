/* What the files of the hub share; nobody else includes it. */
#ifndef JJ_HUB_INTERNAL_H
#define JJ_HUB_INTERNAL_H

#include "hub/hub.h"

#include "base/buf.h"
#include "base/log.h"
#include "config/agency.h"
#include "event/intake.h"
#include "event/rights.h"
#include "event/secret.h"
#include "event/view.h"
#include "journal/journal.h"
#include "journal/node.h"
#include "schema/catalogue.h"
#include "wire/porch.h"
#include "wire/wire.h"

#define JJ_DOORS_MAX   32
#define JJ_OPTIONS_MAX (256 * 1024) /* bytes of an agency's options */

/* A socket at which requests arrive, and who stands behind it when the connection itself does not
 * say (an open door). */
typedef struct jj_hub_door {
    jj_socket *socket;
    jj_porch *porch;         /* NULL: whoever connects is in */
    const char *as;          /* agency that everybody is who comes in here; NULL: by ZAP user */
    const char *endpoint;    /* both borrowed from the configuration */
    bool curve;              /* the ZAP user is an agency's public key, else a plugin's name */
    struct jj_account *full; /* has as much waiting as it may, the last of it from here; or NULL */
} jj_hub_door;

/* A socket of the bell. */
typedef struct jj_hub_bell {
    jj_socket *socket; /* NULL: not open */
    jj_porch *porch;   /* of the outer one */
    size_t topics;     /* subscriptions other than to the heartbeat */
    size_t strange;    /* to what nothing can ring */
} jj_hub_bell;

/* A plugin's identity: the rights that the configuration gives it, and its password. */
typedef struct jj_plugin_identity {
    jj_rights rights;
    char *token;
    const char **publishes; /* owned list of borrowed strings; ended by NULL */
} jj_plugin_identity;

typedef struct jj_job jj_job;

/* Whether a node below names persons with the person key of this one. */
enum jj_key_told {
    JJ_KEY_UNTOLD,
    JJ_KEY_SAME,
    JJ_KEY_OTHER
};

/* What one agency has under way. Lives as long as the hub. */
typedef struct jj_account {
    struct jj_account *next;
    char *agency;
    size_t job_count, job_bytes;  /* its requests that wait for their turn */
    int64_t spent_us, settled_us; /* of the hub's time, of late */
    size_t waiters;
    jj_tally tally;                       /* answers that it has not read */
    uint64_t refused;                     /* events of late, which are forgotten with time */
    int64_t refused_ms, next_deferred_ms; /* monotonic */
    bool counted;                         /* of a node: quarantined is what waits there at most */
    uint64_t quarantined;
    enum jj_key_told key_told; /* of a node of this province, by its last HELLO */
} jj_account;

/* One request, parsed as far as its head. Everything points into message. */
typedef struct jj_request {
    jj_hub_door *door;
    const jj_rights *rights;
    jj_account *account;
    jj_job *job; /* which this is */
    const jj_message *message;
    size_t head; /* index of the frame "JJ1": what stands before is the way back */
    jj_bytes verb, id;
    json_t *options; /* owned */
    size_t first_event, event_count;
    jj_bytes *unpacked; /* owned: the events of a packed frame; NULL: each has its own frame */
    char *unpacked_text;
} jj_request;

/* An answer that waits for the commit, or a FETCH that waits for an event: the way back to its
 * sender, copied. */
typedef struct jj_return_path {
    jj_hub_door *door;
    jj_account *account;
    jj_buf routing; /* routing id, and then whether an empty delimiter follows */
    bool delimiter;
    jj_buf id;
} jj_return_path;

typedef struct jj_held {
    struct jj_held *next;
    jj_return_path path;
    jj_message answer;
} jj_held;

typedef struct jj_hub jj_hub;
typedef void (*jj_verb_handler)(jj_hub *hub, const jj_request *request);

/* A request from its arrival until it is done, which may take several turns. */
struct jj_job {
    jj_job *next;
    jj_hub_door *door;
    jj_message message;
    size_t size_bytes;
    jj_verb_handler verb; /* NULL: it has not begun */
    jj_request request;
    bool more;    /* set by the verb: there is more to do, in another turn */
    bool spoiled; /* what was done of it is not on disk: the commit failed */
    size_t index; /* PUBLISH: of the next event */
    jj_counts counts;
    jj_buf rejected;
    uint64_t from, upto, delivered, filtered; /* COMMIT: what is counted already, */
    bool erasure;                             /* and whether somebody was erased in it */
};

/* The requests of one connection that wait for their turn, in their order: never none. */
typedef struct jj_line {
    struct jj_line *next;
    jj_account *account;
    jj_job *first, *last;
} jj_line;

/* What a reader wants of what it may see. The lists are owned; NULL: everything. */
typedef struct jj_filter {
    char **types, **regions;
    bool others;     /* not what the reader published itself */
    bool cursors;    /* with the cursor of each event */
    bool publishers; /* with the agency that published each event */
} jj_filter;

/* Who fetches: what it asks for, and the way back to it. */
typedef struct jj_waiter {
    struct jj_waiter *next;
    jj_return_path path;
    const jj_rights *rights;
    jj_filter filter;
    char consumer[65];
    uint64_t after, upto; /* events between; upto 0: the newest */
    uint64_t lost;        /* to be told with the answer */
    size_t max_events;
    bool deferred;       /* until earlier answers are read, not for an event */
    int64_t deadline_ms; /* monotonic */
} jj_waiter;

/* The filter that a named consumer used last: its commit counts by it. Kept in the journal, too,
 * so that a commit after a restart counts what was fetched before it as it was. */
typedef struct jj_consumer_filter {
    struct jj_consumer_filter *next;
    char *name;
    char *text; /* as it is in the journal */
    jj_filter filter;
} jj_consumer_filter;

typedef struct jj_again jj_again; /* an event that a consumer is to be given again */

/* A person who is erased with the open transaction. */
typedef struct jj_erased {
    struct jj_erased *next;
    char agency[JJ_ATTRIBUTE_MAX + 1]; /* who said so */
    char person[JJ_UUID_SIZE];
    char region[8]; /* where an event says so; empty: none does yet */
} jj_erased;

/* A message that passes on what another hub has accepted, while it is judged. */
typedef struct jj_passing {
    bool on;
    bool tracked;                    /* from a node below, whose messages follow one another */
    jj_node node;                    /* which one; tracked only */
    char said[JJ_NODE_NAME_MAX + 1]; /* the other hub's node, as the sender says */
    jj_rights rights;                /* the sender's, who may say who accepted an event first */
    uint64_t after, upto;
    size_t count;
    jj_mark places[JJ_EVENTS_MAX];  /* of each event */
    bool has_origin[JJ_EVENTS_MAX]; /* it brings its own */
    size_t known;                   /* places at which the same event stood before */
    uint64_t contradiction;         /* one at which another event stood; 0: none */
    jj_buf text;
} jj_passing;

/* The region that was looked up last, and the node that reports it. */
typedef struct jj_claim {
    char region[16], node[JJ_NODE_NAME_MAX + 1];
} jj_claim;

struct jj_hub {
    const jj_config *config;
    jj_wire *wire;
    jj_journal *journal;
    jj_catalogue *catalogue;
    jj_secrets secrets;
    jj_intake intake;
    jj_admitted admitted; /* the event that is being judged; reused for the next */

    jj_rights admin;
    jj_plugin_identity *plugins;
    size_t plugin_count;
    const jj_agencies *agencies;
    jj_rights *agency_rights; /* one for each of them */
    jj_hub_door doors[JJ_DOORS_MAX];
    size_t door_count;
    jj_socket *zap;
    jj_hub_bell bell, outer_bell; /* for this machine; for agencies, by CURVE */
    char server_public[JJ_Z85_SIZE], server_secret[JJ_Z85_SIZE]; /* empty: no key is configured */

    jj_held *held, **held_end; /* in the order in which they will be answered */
    size_t staged;             /* events in the open transaction */
    bool key_noted;            /* the journal knows the person key, see person_key.c */
    bool key_fresh;            /* since this transaction */
    jj_waiter *waiters;
    size_t waiter_count;
    bool deferred; /* some of them wait until their agency has read what it was given */
    bool unwoken;  /* there may be something for some who wait: they come in the next turn */
    jj_account *accounts;
    jj_consumer_filter *filters;
    jj_erased *erased;
    jj_again *again;

    jj_message incoming; /* reused for each message */
    jj_message zap_request, zap_answer;
    unsigned char digest_secret[16];
    int64_t started_ms, next_second_ms, next_report_ms, next_recover_ms; /* monotonic */
    uint64_t worked; /* events received at the last report */
    bool rested;     /* none since, and memory was given back */
    int status_fd;
    bool scrub; /* something was erased: empty the write-ahead log after the commit */
    int64_t next_scrub_ms;
    jj_throttle refusal, bell_trouble, node_refusal, node_key;
    jj_passing passing;
    jj_claim claim;

    jj_line *lines;
    jj_job *spare; /* done; their memory is used again */
    size_t spare_count;
    int64_t slice_end_us;         /* monotonic */
    jj_account *recent;           /* whose turn it was last, */
    int64_t recent_us, before_us; /* until when, and when anybody else's was */
    bool hurry;                   /* an answer waits for the commit of somebody who costs little */
};

/* ---- hub.c ---- */
/* Commits what the open transaction holds, answers who waited for that, and wakes readers. */
void jj_hub_settle(jj_hub *hub);

/* ---- agencies.c ---- */
int jj_hub_load_rights(jj_hub *hub, const json_t *grants, jj_error *err);
void jj_hub_reload_rights(
    jj_hub *hub); /* reads the agencies again; keeps the old ones on failure */
void jj_hub_free_rights(jj_hub *hub);
const jj_plugin_identity *jj_hub_plugin(const jj_hub *hub, const char *name);
/* NULL if there is no such agency, or it was revoked. */
const jj_rights *jj_hub_agency(const jj_hub *hub, const char *agency);
const jj_rights *jj_hub_agency_by_key(const jj_hub *hub, const char *public_key);

/* ---- person_key.c ---- */
/* Opens the node's secrets. JJ_ECONFIG if the person key is another one than that with which the
 * persons of the journal were named: everybody would be counted a second time. */
int jj_hub_open_secrets(jj_hub *hub, jj_error *err);
/* Notes, with the first event that names a person by it, which key that was. Within a transaction;
 * after one that failed hub->key_noted is to be false. */
void jj_hub_note_person_key(jj_hub *hub);

/* ---- account.c ---- */
jj_account *jj_hub_account(jj_hub *hub, const jj_rights *rights);
enum jj_key_told jj_hub_key_told(const jj_hub *hub, const char *agency);
void jj_hub_free_accounts(jj_hub *hub); /* after the context is closed */
enum jj_unread {
    JJ_UNREAD_FEW,      /* goes on */
    JJ_UNREAD_MANY,     /* a FETCH waits until it is less */
    JJ_UNREAD_TOO_MANY, /* every request is answered with `busy` */
    JJ_UNREAD_HOPELESS, /* not even that */
};
enum jj_unread jj_hub_unread(const jj_hub *hub, const jj_rights *rights, const jj_account *account);
int jj_hub_busy(jj_error *err);
/* The administrator, or a plugin: what they do is the node's own work. */
bool jj_hub_is_local(const jj_hub *hub, const jj_rights *rights);
/* The hub's time that an agency has taken of late is forgiven little by little. One that costs
 * much is served behind the others. */
void jj_hub_charge(jj_account *account, int64_t since_us, int64_t now_us);
bool jj_hub_is_costly(jj_account *account, int64_t now_us);
/* Counts refused events; says whether there were too many of late for more to be judged. */
void jj_hub_note_refused(jj_account *account, uint64_t refused);
bool jj_hub_is_flooding(const jj_hub *hub, const jj_rights *rights, jj_account *account);

/* ---- turns.c ---- */
/* Takes what is there at the doors, and does what is to be done before the next commit. */
void jj_hub_serve(jj_hub *hub);
/* A verb that may take long asks this in between, and sets job->more. */
bool jj_hub_slice_is_over(const jj_hub *hub);
/* Somebody else was served of late, who must not be kept waiting. */
bool jj_hub_is_contested(const jj_hub *hub, const jj_account *account, int64_t now_us);
void jj_hub_spoil_jobs(jj_hub *hub); /* what they have done is not on disk */
void jj_hub_drop_jobs(jj_hub *hub);

/* ---- doors.c ---- */
int jj_hub_open_doors(jj_hub *hub, jj_error *err);
/* Sees that no crowd of strangers stands at the CURVE doors. */
void jj_hub_serve_porches(jj_hub *hub);
void jj_hub_close_doors(jj_hub *hub);
void jj_hub_serve_zap(jj_hub *hub);
/* How an endpoint is opened at which agencies prove who they are. */
jj_door_options jj_hub_curve(const jj_hub *hub);
/* Fails unless an unknown key is turned away at an endpoint that is open. */
int jj_hub_try_stranger(jj_hub *hub, const char *endpoint, bool bell, jj_error *err);
const jj_rights *jj_hub_rights(const jj_hub *hub, const jj_hub_door *door, const char *user);

/* ---- request.c ---- */
/* Answers at once. kind is OK, EVENTS or ERROR; events may be NULL. */
void jj_request_reply(const jj_request *request, const char *kind, const char *result,
                      size_t result_size);
void jj_request_fail(const jj_request *request, const jj_error *err);
/* Finds the way back and the request's id; then all that stands before the events. */
bool jj_request_head(jj_request *request, jj_error *err);
bool jj_request_parse(jj_request *request, bool local, jj_error *err);
void jj_request_clear(jj_request *request);
/* Unpacks the events, if the options say that they are packed. */
int jj_request_unpack(jj_request *request, jj_error *err);
jj_bytes jj_request_event(const jj_request *request, size_t index);

/* Reading options. They answer JJ_EMALFORMED with the option's name in err->field. */
int jj_option_count(const json_t *options, const char *name, uint64_t initial, uint64_t max,
                    uint64_t *value, jj_error *err);
int jj_option_cursor(const json_t *options, const char *name, bool *given, uint64_t *cursor,
                     jj_error *err);
int jj_option_name(const json_t *options, bool required, const char **name, jj_error *err);

bool jj_return_path_of(jj_return_path *path, const jj_return_path *from); /* a copy */
bool jj_return_path_copy(jj_return_path *path, const jj_request *request);
void jj_return_path_clear(jj_return_path *path);
/* Sends an answer that is whole, counted for its agency until it is read. Empties it. */
void jj_return_path_send(const jj_return_path *path, jj_message *answer);
/* Begins an answer: the way back, the head, the result. */
void jj_return_path_start(const jj_return_path *path, jj_message *answer, const char *kind,
                          const char *result, size_t result_size);
void jj_error_result(const jj_error *err, jj_buf *out);

/* ---- publish.c ---- */
void jj_hub_publish(jj_hub *hub, const jj_request *request);
/* Appends an admitted event unless it is known. Counts it. Returns what it was. */
enum jj_known jj_hub_append(jj_hub *hub, jj_admitted *admitted);
/* How an event came that is put aside; else a consumer's name says who could not use it. */
#define JJ_PUT_ASIDE_COMING  "publish"
#define JJ_PUT_ASIDE_PASSING "pass" /* through a plugin, from a hub above */
void jj_hub_quarantine(jj_hub *hub, const char *agency, const char *origin, jj_bytes event,
                       const char *type, const jj_error *why);
/* Holds an answer until the commit. The first takes the message; without memory the answer is
 * lost, and the client asks again. */
void jj_hub_hold(jj_hub *hub, const jj_return_path *path, jj_message *answer);
void jj_hub_hold_ok(jj_hub *hub, const jj_request *request, const jj_buf *result);

/* ---- origin.c ---- */
/* What HELLO answers to a node about itself: null if it does not ask. NULL: refused. */
json_t *jj_hub_greet_node(jj_hub *hub, const jj_request *request, jj_error *err);
/* Judges what a PUBLISH says about where its events come from, before any of them is. A refusal
 * is of the whole message. begin, then text and check for each event, then end with what came of
 * it (why: of the last that was refused), all in one transaction. */
int jj_hub_pass_begin(jj_hub *hub, const jj_request *request, jj_error *err);
/* The event with its origin; NULL without memory. Borrowed until the next. */
jj_bytes jj_hub_pass_text(jj_hub *hub, size_t index, jj_bytes event);
int jj_hub_pass_check(jj_hub *hub, size_t index, const jj_admitted *admitted, jj_error *err);
void jj_hub_pass_end(jj_hub *hub, const jj_counts *counts, const jj_error *why);
/* The same for one that was put aside, by rights whose node is the one below that sent it, or "".
 * Within a transaction. */
int jj_hub_pass_again(jj_hub *hub, const jj_rights *rights, const jj_admitted *admitted,
                      jj_error *err);
/* True for a word that may be a node's name. */
bool jj_plain_name(const char *text);

/* ---- nodes.c: the nodes below, for administrators and for themselves ---- */
json_t *jj_hub_list_nodes(jj_hub *hub, jj_error *err); /* new; NULL on failure */
/* An event of this agency has left quarantine: where it was a node's last, its problem is settled.
 * Within a transaction. */
void jj_hub_node_settled(jj_hub *hub, const char *agency);
void jj_hub_node_forget(jj_hub *hub, const jj_request *request, const char *name);
void jj_hub_receipt(jj_hub *hub, const jj_request *request);

/* ---- filter.c ---- */
bool jj_filter_parse(const json_t *options, jj_filter *filter, jj_error *err);
/* A name that nobody has would wait for ever, without a word: it is refused like a published one.
 */
int jj_filter_check(const jj_hub *hub, const jj_filter *filter, jj_error *err);
void jj_filter_clear(jj_filter *filter);
bool jj_filter_wants(const jj_filter *filter, const jj_rights *rights, const jj_record *record);

/* ---- page.c ---- */
enum jj_fetched {
    JJ_FETCHED_ANSWERED,
    JJ_FETCHED_NOTHING, /* nothing was sent */
    JJ_FETCHED_FAILED
};
/* Answers with what is there. Where that is nothing, reader->after moves to the end, and there is
 * no answer (unless `anyway`). reader->lost is told beside what retention has taken away. */
enum jj_fetched jj_hub_answer(jj_hub *hub, jj_waiter *reader, bool anyway, jj_error *err);
/* True if this reader may see the event at all. */
bool jj_hub_may_see(const jj_hub *hub, const jj_rights *rights, const jj_record *record);
/* What this reader, who may see the event, may see of it. */
void jj_hub_write_view(const jj_hub *hub, const jj_rights *rights, const jj_record *record,
                       jj_buf *out);

/* ---- waiters.c ---- */
/* Takes what *reader owns, or refuses the request. */
void jj_hub_wait(jj_hub *hub, const jj_request *request, jj_waiter *reader, uint64_t wait_ms);
/* After a commit, and when time has passed: answers those who wait. */
void jj_hub_wake(jj_hub *hub);
void jj_hub_drop_waiters(jj_hub *hub);
void jj_hub_dismiss_waiters(jj_hub *hub); /* answers each with what is there: nothing */
/* Answers those at once who wait as this consumer: there is something for them. */
void jj_hub_dismiss_consumer(jj_hub *hub, const char *consumer);

/* ---- fetch.c ---- */
void jj_hub_fetch(jj_hub *hub, const jj_request *request);
/* A plugin of the configuration counts as heard of, also while it waits for its other side and asks
 * for nothing: retention never gives it up. Within a transaction. */
void jj_hub_see_plugins(jj_hub *hub);

/* ---- again.c ---- */
void jj_hub_load_retries(jj_hub *hub);
void jj_hub_forget_retries(jj_hub *hub);
/* Has an entry of quarantine given once more to the consumer that put it aside. */
int jj_hub_retry_later(jj_hub *hub, int64_t number, const char *consumer, jj_error *err);
/* Answers a FETCH with what is to be given again, if there is anything and it stands at `after`. */
bool jj_hub_redeliver(jj_hub *hub, const jj_request *request, const char *name, uint64_t after);
/* A consumer has committed the cursor at which it stood already: what it was given again is done.
 */
void jj_hub_redelivered(jj_hub *hub, const jj_request *request, const jj_consumer *consumer);

/* ---- commit.c ---- */
void jj_hub_commit(jj_hub *hub, const jj_request *request);
void jj_hub_state(jj_hub *hub, const jj_request *request);

/* ---- consumer.c ---- */
/* Where a consumer's filter is kept: among its state, where no client can put it, since keys of
 * theirs begin with a printable byte. */
#define JJ_FILTER_KEY "\x01filter"
void jj_hub_forget(jj_hub *hub, const jj_request *request);
/* The consumer of that name of this agency, made if need be. */
int jj_hub_consumer(jj_hub *hub, const jj_rights *rights, const char *name, bool make,
                    jj_consumer *consumer, jj_error *err);
void jj_hub_remember_filter(jj_hub *hub, const jj_consumer *consumer, const json_t *options);
/* The filter of its last FETCH, also of one before a restart; NULL: none. */
const jj_consumer_filter *jj_hub_find_filter(jj_hub *hub, const jj_consumer *consumer);
void jj_hub_forget_filter(jj_hub *hub, const char *consumer);
void jj_hub_forget_filters(jj_hub *hub);

/* ---- reveal.c ---- */
void jj_hub_reveal(jj_hub *hub, const jj_request *request);

/* ---- person.c: what an administrator does about one person ---- */
/* The person of a request: by key, or by NIK, which goes no further than here. */
int jj_hub_person_of(const jj_hub *hub, const jj_request *request, char person[JJ_UUID_SIZE],
                     jj_error *err);
void jj_hub_trace(jj_hub *hub, const jj_request *request);
void jj_hub_audit(jj_hub *hub, const jj_request *request);

/* ---- erase.c ---- */
void jj_hub_erase(jj_hub *hub, const jj_request *request);
/* Notes that a person is to be erased; region: where that is published already, or "". */
void jj_hub_note_erasure(jj_hub *hub, const char *agency, const char *person, const char *region);
/* Erases all who are noted from journal, vault and quarantine, and tells it where it is not told
 * yet; before the commit. Returns how many events were emptied. */
uint64_t jj_hub_finish_erasures(jj_hub *hub);
void jj_hub_forget_erasures(jj_hub *hub);

/* ---- quarantine.c ---- */
void jj_hub_quarantine_list(jj_hub *hub, const jj_request *request);
void jj_hub_quarantine_retry(jj_hub *hub, const jj_request *request);
void jj_hub_quarantine_drop(jj_hub *hub, const jj_request *request);
/* Removes the entries about those who are being erased. */
void jj_hub_quarantine_erase(jj_hub *hub);

/* ---- status.c ---- */
/* Answers OK with a JSON object, which is released. */
void jj_reply_json(const jj_request *request, json_t *result);
/* True for a local administrator; answers `forbidden` to anybody else. */
bool jj_hub_is_admin(const jj_request *request);
void jj_hub_hello(jj_hub *hub, const jj_request *request);
void jj_hub_status(jj_hub *hub, const jj_request *request);

/* ---- bell.c ---- */
int jj_hub_open_bell(jj_hub *hub, jj_error *err);
void jj_hub_close_bell(jj_hub *hub);
/* Cuts off everybody who hears the outer bell; who is still known comes back by itself. */
void jj_hub_renew_bell(jj_hub *hub);
void jj_hub_serve_bell(jj_hub *hub); /* subscriptions */
void jj_hub_ring(jj_hub *hub, uint64_t after);
void jj_hub_heartbeat(jj_hub *hub); /* each second */

#endif

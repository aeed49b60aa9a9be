/* The nodes below this one, and what the one above has confirmed. */
#include "ctl/commands.h"

#include "base/clock.h"
#include "json/load.h"

#include <stdlib.h>
#include <string.h>

static const char *text(const json_t *object, const char *name)
{
    const char *value = jj_json_string(object, name);
    return value ? value : "never";
}

/* ---- Nodes -------------------------------------------------------------------------------- */

static uint64_t missing(const json_t *gaps)
{
    uint64_t sum = 0;
    size_t i;
    json_t *gap;
    json_array_foreach(gaps, i, gap)
    {
        sum += strtoull(text(gap, "upto"), NULL, 10) - strtoull(text(gap, "after"), NULL, 10);
    }
    return sum;
}

static const char *first_rival(const json_t *node)
{
    return json_string_value(json_array_get(json_object_get(node, "rivals"), 0));
}

#define RECENT_MS 86400000 /* a problem is spoken of for a day */
#define NOW_MS    120000   /* one that comes again at each try is there now */

/* A problem that does not stop the node: part of what it sends is refused, or somebody else reports
 * as this node. True if it needs somebody. */
static bool judge_problem(const json_t *node)
{
    int64_t at_ms = 0;
    const json_t *problem = json_object_get(node, "problem");
    uint64_t kept = (uint64_t)json_integer_value(json_object_get(node, "quarantined"));
    if (!json_is_object(problem) ||
        !jj_time_parse(text(problem, "at"), strlen(text(problem, "at")), &at_ms)) {
        return false;
    }
    int64_t age_ms = jj_now_ms() - at_ms;
    if (kept) {
        jj_ctl_say("%serror:%s events of node %s wait in quarantine (%s), the last because: %s",
                   jj_ctl_red(stderr), jj_ctl_plain(stderr), text(node, "name"), jj_ctl_count(kept),
                   text(problem, "text"));
    } else if (age_ms < RECENT_MS) {
        jj_ctl_say("warning: node %s had a problem at %s: %s", text(node, "name"),
                   text(problem, "at"), text(problem, "text"));
    }
    return kept || age_ms < NOW_MS;
}

bool jj_ctl_nodes_judge(const json_t *nodes)
{
    bool bad = false;
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        const char *problem = jj_json_string(json_object_get(node, "problem"), "text");
        uint64_t lost = missing(json_object_get(node, "gaps"));
        if (json_is_true(json_object_get(node, "blocked"))) {
            jj_ctl_say("%serror:%s nothing is taken from node %s: %s", jj_ctl_red(stderr),
                       jj_ctl_plain(stderr), text(node, "name"), problem ? problem : "?");
            bad = true;
        } else if (judge_problem(node)) {
            bad = true;
        }
        if (lost) {
            jj_ctl_say("%serror:%s of node %s %s places of its journal are missing",
                       jj_ctl_red(stderr), jj_ctl_plain(stderr), text(node, "name"),
                       jj_ctl_count(lost));
            bad = true;
        }
        if (json_is_false(json_object_get(node, "same_person_key"))) {
            jj_ctl_say("warning: node %s names persons with another person key than this one: "
                       "whoever is known to both counts twice",
                       text(node, "name"));
        }
        if (first_rival(node)) {
            jj_ctl_say("warning: nodes %s and %s may report the same region; only the first that "
                       "does is heard",
                       text(node, "name"), first_rival(node));
        }
    }
    return bad;
}

static void print_node(const json_t *node)
{
    const char *problem = jj_json_string(json_object_get(node, "problem"), "text");
    printf("%-20s %12s %12s %9s  %-24s  %-24s\n", text(node, "name"), text(node, "sequence"),
           jj_ctl_count((uint64_t)json_integer_value(json_object_get(node, "accepted"))),
           jj_ctl_count((uint64_t)json_integer_value(json_object_get(node, "rejected"))),
           text(node, "contact"), text(node, "reported"));
    if (problem) {
        printf("  %s at %s: %s\n",
               json_is_true(json_object_get(node, "blocked")) ? "BLOCKED" : "last problem",
               text(json_object_get(node, "problem"), "at"), problem);
    }
}

int jj_ctl_node_list(jj_ctl *ctl)
{
    json_t *status = NULL, *node;
    size_t i;
    int code = jj_ctl_ask(ctl, "STATUS", NULL, &status);
    if (code) {
        return code;
    }
    const json_t *nodes = json_object_get(status, "nodes");
    bool bad = jj_ctl_nodes_judge(nodes);
    if (ctl->json) {
        code = jj_ctl_print_json(json_incref((json_t *)nodes));
    } else if (json_array_size(nodes) == 0) {
        jj_ctl_say(
            "no node reports to this one\n  next: jejaringctl agency add ID --node NAME ...");
    } else {
        printf("%-20s %12s %12s %9s  %-24s  %-24s\n", "node", "up to", "accepted", "rejected",
               "last contact", "last event");
        json_array_foreach(nodes, i, node)
        {
            print_node(node);
        }
    }
    json_decref(status);
    return code ? code : bad ? JJ_EXIT_FAILED : JJ_EXIT_OK;
}

int jj_ctl_node_forget(jj_ctl *ctl)
{
    json_t *result = NULL;
    int code = jj_ctl_ask(ctl, "FORGET", json_pack("{s:s}", "node", ctl->args[0]), &result);
    if (code == 0 && ctl->json) {
        return jj_ctl_print_json(result);
    }
    if (code == 0) {
        jj_ctl_say("node %s is forgotten; it stood at %s of its journal, and may report anew.",
                   ctl->args[0], text(result, "sequence"));
    }
    json_decref(result);
    return code;
}

/* ---- Erasures ----------------------------------------------------------------------------- */

#define PREFIX "erasure/"

static json_t *time_text(const json_t *ms)
{
    char out[JJ_TIME_SIZE];
    if (!json_is_integer(ms)) {
        return json_null();
    }
    jj_time_format((int64_t)json_integer_value(ms), out);
    return json_string(out);
}

/* Adds what one consumer keeps about erasures: an uplink does. */
static int add_of(jj_ctl *ctl, const char *consumer, json_t *all)
{
    char after[64] = "";
    bool more = true;
    int code = JJ_EXIT_OK;
    while (code == 0 && more) {
        const char *key;
        json_t *page = NULL, *value;
        code = jj_ctl_ask(
            ctl, "STATE",
            json_pack("{s:s, s:s, s:s}", "consumer", consumer, "prefix", PREFIX, "after", after),
            &page);
        json_object_foreach(json_object_get(page, "state"), key, value)
        {
            json_t *entry = json_loads(json_string_value(value), 0, NULL);
            const json_t *done = json_object_get(entry, "done");
            json_array_append_new(all, json_pack("{s:s, s:s, s:s?, s:o, s:o}", "uplink", consumer,
                                                 "key", key + strlen(PREFIX), "region",
                                                 jj_json_string(entry, "region"), "reported",
                                                 time_text(json_object_get(entry, "at")),
                                                 "confirmed", time_text(done)));
            snprintf(after, sizeof after, "%s", key);
            json_decref(entry);
        }
        more = json_is_true(json_object_get(page, "more"));
        json_decref(page);
    }
    return code;
}

int jj_ctl_erasures(jj_ctl *ctl)
{
    json_t *status = NULL, *consumer, *entry, *all = json_array();
    size_t i;
    int code = jj_ctl_ask(ctl, "STATUS", NULL, &status);
    json_array_foreach(json_object_get(status, "consumers"), i, consumer)
    {
        code = code ? code : add_of(ctl, text(consumer, "name"), all);
    }
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(json_incref(all));
    } else if (code == 0 && json_array_size(all) == 0) {
        jj_ctl_say("no erasure has been reported upward");
    } else if (code == 0) {
        printf("%-32s  %-7s  %-24s  %-24s\n", "erasure", "region", "reported", "confirmed");
        json_array_foreach(all, i, entry)
        {
            printf("%-32s  %-7s  %-24s  %-24s\n", text(entry, "key"), text(entry, "region"),
                   text(entry, "reported"),
                   json_is_string(json_object_get(entry, "confirmed")) ? text(entry, "confirmed")
                                                                       : "not yet");
        }
    }
    json_decref(all);
    json_decref(status);
    return code;
}

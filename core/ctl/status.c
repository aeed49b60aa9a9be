/* status and balance: how the node stands, from the hub's STATUS. */
#include "ctl/commands.h"

#include "json/load.h"

#include <string.h>

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

static void print_duration(uint64_t seconds)
{
    uint64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days > 0) {
        printf("%llu d %llu h", (unsigned long long)days, (unsigned long long)hours);
    } else if (hours > 0) {
        printf("%llu h %llu min", (unsigned long long)hours, (unsigned long long)minutes);
    } else {
        printf("%llu min %llu s", (unsigned long long)minutes, (unsigned long long)seconds % 60);
    }
}

static void print_node(const json_t *status)
{
    const json_t *journal = json_object_get(status, "journal");
    const json_t *balance = json_object_get(status, "balance");
    const json_t *quarantine = json_object_get(status, "quarantine");
    printf("node        %s, region %s, version %s, up ", text(status, "node"),
           text(status, "region"), text(status, "version"));
    print_duration(number(status, "uptime_s"));
    printf("\njournal     cursor %s, oldest kept %s, %s KiB\n", text(journal, "head"),
           text(journal, "tail"), jj_ctl_count(number(journal, "size_bytes") / 1024));
    printf("intake      %s received: %s accepted, %s duplicate, %s rejected\n",
           jj_ctl_count(number(balance, "received")), jj_ctl_count(number(balance, "accepted")),
           jj_ctl_count(number(balance, "duplicate")), jj_ctl_count(number(balance, "rejected")));
    printf("quarantine  %s kept, %s pushed out\n", jj_ctl_count(number(quarantine, "kept")),
           jj_ctl_count(number(quarantine, "pushed_out")));
}

static void print_consumers(const json_t *consumers)
{
    size_t i;
    json_t *consumer;
    if (json_array_size(consumers) == 0) {
        puts("consumers   none yet");
        return;
    }
    printf("\n%-32s %13s %13s %13s  %s\n", "consumer", "delivered", "filtered", "pending",
           "last commit");
    json_array_foreach(consumers, i, consumer)
    {
        printf("%-32s %13s %13s %13s  %s\n", text(consumer, "name"),
               jj_ctl_count(number(consumer, "delivered")),
               jj_ctl_count(number(consumer, "filtered")),
               jj_ctl_count(number(consumer, "pending")), text(consumer, "updated"));
        if (jj_json_string(consumer, "says")) {
            printf("  %s\n", text(consumer, "says"));
        }
    }
}

/* What an administrator must not overlook. Returns the exit code. */
static int judge(const json_t *status)
{
    int code = JJ_EXIT_OK;
    if (json_is_true(json_object_get(json_object_get(status, "journal"), "failed"))) {
        jj_ctl_say("%serror:%s the journal cannot be written, and nothing is taken in\n"
                   "  next: free space on its disk, or see the hub's log; intake goes on by itself",
                   jj_ctl_red(stderr), jj_ctl_plain(stderr));
        code = JJ_EXIT_FAILED;
    }
    if (!json_is_true(json_object_get(status, "adds_up"))) {
        jj_ctl_say("%serror:%s the balance does not add up\n"
                   "  next: `jejaringctl balance` shows where; keep the journal, and report it",
                   jj_ctl_red(stderr), jj_ctl_plain(stderr));
        code = JJ_EXIT_FAILED;
    }
    if (jj_ctl_nodes_judge(json_object_get(status, "nodes"))) {
        code = JJ_EXIT_FAILED;
    }
    return code;
}

int jj_ctl_status(jj_ctl *ctl)
{
    json_t *status = NULL;
    int code = jj_ctl_ask(ctl, "STATUS", NULL, &status);
    if (code) {
        return code;
    }
    code = judge(status);
    if (ctl->json) {
        int printed = jj_ctl_print_json(json_incref(status));
        code = code ? code : printed;
    } else {
        print_node(status);
        print_consumers(json_object_get(status, "consumers"));
    }
    json_decref(status);
    return code;
}

static const char *verdict(const json_t *object)
{
    return json_is_true(json_object_get(object, "adds_up")) ? "adds up" : "DOES NOT ADD UP";
}

static void print_balance(const json_t *status)
{
    const json_t *balance = json_object_get(status, "balance");
    const json_t *consumers = json_object_get(status, "consumers");
    size_t i;
    json_t *consumer;
    printf("hub: %s received = %s accepted + %s duplicate + %s rejected: %s\n",
           jj_ctl_count(number(balance, "received")), jj_ctl_count(number(balance, "accepted")),
           jj_ctl_count(number(balance, "duplicate")), jj_ctl_count(number(balance, "rejected")),
           verdict(balance));
    json_array_foreach(consumers, i, consumer)
    {
        printf("%s: %s accepted = %s delivered + %s filtered", text(consumer, "name"),
               jj_ctl_count(number(consumer, "accepted")),
               jj_ctl_count(number(consumer, "delivered")),
               jj_ctl_count(number(consumer, "filtered")));
        if (number(consumer, "lost")) {
            printf(" + %s lost", jj_ctl_count(number(consumer, "lost")));
        }
        printf(" + %s pending: %s\n", jj_ctl_count(number(consumer, "pending")), verdict(consumer));
    }
}

int jj_ctl_balance(jj_ctl *ctl)
{
    json_t *status = NULL;
    int code = jj_ctl_ask(ctl, "STATUS", NULL, &status);
    if (code) {
        return code;
    }
    bool adds_up = json_is_true(json_object_get(status, "adds_up"));
    if (ctl->json) {
        code = jj_ctl_print_json(
            json_pack("{s:O, s:O, s:b}", "hub", json_object_get(status, "balance"), "consumers",
                      json_object_get(status, "consumers"), "adds_up", adds_up));
    } else {
        print_balance(status);
    }
    if (!adds_up) {
        jj_ctl_say("jejaringctl: error: the balance does not add up\n"
                   "  next: keep the journal as it is, and report what is shown here");
    }
    json_decref(status);
    return adds_up ? code : JJ_EXIT_FAILED;
}

int jj_ctl_consumer_drop(jj_ctl *ctl)
{
    json_t *result = NULL;
    int code = jj_ctl_ask(ctl, "FORGET", json_pack("{s:s}", "name", ctl->args[0]), &result);
    if (code == 0 && ctl->json) {
        return jj_ctl_print_json(result);
    }
    if (code == 0) {
        jj_ctl_say("%s is forgotten; it stood at cursor %s.", ctl->args[0],
                   json_string_value(json_object_get(result, "cursor")));
    }
    json_decref(result);
    return code;
}

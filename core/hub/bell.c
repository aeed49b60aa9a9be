#include "hub/internal.h"

#include <stdio.h>
#include <string.h>

#define HEARTBEAT_TOPIC "bell/"

int jj_hub_open_bell(jj_hub *hub, jj_error *err)
{
    const jj_door_options open = {.door = JJ_DOOR_OPEN};
    const jj_hub_config *config = &hub->config->hub;
    int rc = jj_socket_publisher(&hub->bell, hub->wire, &open, err);
    rc = rc ? rc : jj_socket_bind(hub->bell, config->bell_endpoint, err);
    for (size_t i = 0; i < config->bell.count && rc == 0; i++) {
        rc = jj_socket_bind(hub->bell, config->bell.list[i], err);
    }
    return rc;
}

/* A subscription arrives once for each topic, however many listen: the count says whether anybody
 * does. */
void jj_hub_serve_bell(jj_hub *hub)
{
    jj_message message = {0};
    while (jj_socket_receive(hub->bell, &message) == 0) {
        jj_bytes topic = jj_message_frame(&message, 0);
        bool heartbeat = topic.size_bytes == sizeof HEARTBEAT_TOPIC &&
                         memcmp(topic.data + 1, HEARTBEAT_TOPIC, topic.size_bytes - 1) == 0;
        if (topic.size_bytes < 1 || heartbeat) {
            continue;
        }
        if (topic.data[0] == 1) {
            hub->bell_topics++;
        } else if (topic.data[0] == 0 && hub->bell_topics) {
            hub->bell_topics--;
        }
    }
    jj_message_clear(&message);
}

static void add_attribute(jj_buf *out, const jj_member *member)
{
    jj_buf_putc(out, out->size > 1 ? ',' : '{');
    jj_buf_putc(out, '"');
    jj_buf_add(out, member->name.at, member->name.size_bytes);
    jj_buf_puts(out, "\":");
    jj_buf_add(out, member->value.at, member->value.size_bytes);
}

/* What the bell may say of an event: that it happened, where, of what type. Never about whom, and
 * no attribute that somebody made up. */
static void write_bell(const jj_record *record, jj_buf *out)
{
    static const char *const told[] = {"specversion", "id",     "source",       "type",
                                       "time",        "region", "recordedtime", NULL};
    jj_members walk;
    jj_member member;
    for (jj_members_start(&walk, record->text); jj_members_next(&walk, &member);) {
        for (size_t i = 0; told[i]; i++) {
            if (jj_span_is(member.name, told[i])) {
                add_attribute(out, &member);
            }
        }
    }
    jj_buf_printf(out, ",\"cursor\":\"%llu\"}", (unsigned long long)record->cursor);
}

static bool ring_one(void *arg, const jj_record *record)
{
    jj_hub *hub = arg;
    char topic[2 * JJ_ATTRIBUTE_MAX];
    jj_message message = {0};
    jj_buf text = {0};
    /* What is meant for one agency is announced to nobody else. */
    if (record->recipient[0]) {
        return true;
    }
    snprintf(topic, sizeof topic, "%s/%s/", record->type, record->region);
    write_bell(record, &text);
    if (!text.failed && jj_message_add_z(&message, topic) == 0 &&
        jj_message_add(&message, text.data, text.size) == 0) {
        jj_socket_send(hub->bell, &message);
    }
    jj_message_clear(&message);
    jj_buf_clear(&text);
    return true;
}

void jj_hub_ring(jj_hub *hub, uint64_t after)
{
    if (hub->bell_topics) {
        jj_journal_read(hub->journal, after, UINT64_MAX, true, ring_one, hub, NULL);
    }
}

void jj_hub_heartbeat(jj_hub *hub)
{
    char text[64];
    jj_message message = {0};
    snprintf(text, sizeof text, "{\"cursor\":\"%llu\"}",
             (unsigned long long)jj_journal_head(hub->journal));
    if (jj_message_add_z(&message, HEARTBEAT_TOPIC) == 0 && jj_message_add_z(&message, text) == 0) {
        jj_socket_send(hub->bell, &message);
    }
    jj_message_clear(&message);
}

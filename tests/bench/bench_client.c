/*
 * A publishing client for the benchmark, through libjejaring alone.
 *
 *   bench_client publish ENDPOINT EVENTS BATCH WINDOW   all events, WINDOW requests in flight
 *   bench_client latency ENDPOINT EVENTS FROM COUNT     one event at a time, one in flight
 *   bench_client deliver ENDPOINT EVENTS FROM COUNT     200 events a second, to a second client
 *                                                       that waits for them: publish to delivered
 *
 * Prints one JSON object. Fails unless every event was accepted.
 */
#include "measure.h"

#include <jansson.h>
#include <poll.h>

#define REGENCY_PER_S 200 /* one regency's load */

static void fail(const char *what, const jj_error *err)
{
    fprintf(stderr, "bench_client: %s: %s\n", what, err->text);
    exit(1);
}

static jj_client *connect_to(const char *endpoint)
{
    jj_error err = {0};
    jj_client *client;
    jj_reply reply = {0};
    jj_client_options options = bench_options(endpoint);
    if (jj_client_open(&client, &options, &err) ||
        jj_client_request(client, "HELLO", NULL, NULL, 0, &reply, &err)) {
        fail(endpoint, &err);
    }
    jj_reply_clear(&reply);
    return client;
}

/* How many events of a PUBLISH were accepted; anything else ends the program. */
static size_t accepted(const jj_reply *reply)
{
    json_t *result = json_loadb(reply->result.data, reply->result.size_bytes, 0, NULL);
    json_int_t count = json_integer_value(json_object_get(result, "accepted"));
    if (reply->code || json_array_size(json_object_get(result, "rejected"))) {
        fprintf(stderr, "bench_client: the hub refused: %.*s\n", (int)reply->result.size_bytes,
                reply->result.data);
        exit(1);
    }
    json_decref(result);
    return (size_t)count;
}

static size_t receive(jj_client *client)
{
    jj_error err = {0};
    jj_reply reply = {0};
    if (jj_client_receive(client, &reply, 60000, &err)) {
        fail("no answer", &err);
    }
    size_t count = accepted(&reply);
    jj_reply_clear(&reply);
    return count;
}

static void publish(jj_client *client, const event_file *events, size_t batch, size_t window)
{
    jj_error err = {0};
    uint64_t number;
    size_t sent = 0, good = 0;
    int64_t start_ns = now_ns(), start_cpu_ns = cpu_ns();
    while (sent < events->count || jj_client_pending(client)) {
        if (sent < events->count && jj_client_pending(client) < window) {
            size_t count = events->count - sent < batch ? events->count - sent : batch;
            if (jj_client_send(client, "PUBLISH", NULL, events->list + sent, count, &number,
                               &err)) {
                fail("send", &err);
            }
            sent += count;
        } else {
            good += receive(client);
        }
    }
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    if (good != events->count) {
        fprintf(stderr, "bench_client: %zu of %zu events accepted\n", good, events->count);
        exit(1);
    }
    printf("{\"events\": %zu, \"seconds\": %.4f, \"events_per_s\": %.0f, \"cpu_s\": %.3f}\n",
           events->count, seconds, (double)events->count / seconds,
           (double)(cpu_ns() - start_cpu_ns) / 1e9);
}

static int64_t *new_samples(const event_file *events, size_t from, size_t count)
{
    if (count == 0 || from + count > events->count) {
        fprintf(stderr, "bench_client: there are only %zu events\n", events->count);
        exit(2);
    }
    int64_t *samples_ns = calloc(count, sizeof *samples_ns);
    if (!samples_ns) {
        die("samples");
    }
    return samples_ns;
}

static void latency(jj_client *client, const event_file *events, size_t from, size_t count)
{
    int64_t *samples_ns = new_samples(events, from, count);
    for (size_t i = 0; i < count; i++) {
        jj_error err = {0};
        jj_reply reply = {0};
        int64_t start_ns = now_ns();
        if (jj_client_request(client, "PUBLISH", NULL, events->list + from + i, 1, &reply, &err)) {
            fail("publish", &err);
        }
        samples_ns[i] = now_ns() - start_ns;
        if (accepted(&reply) != 1) {
            fprintf(stderr, "bench_client: event %zu was known already\n", from + i);
            exit(1);
        }
        jj_reply_clear(&reply);
    }
    printf("{\"events\": %zu, ", count);
    print_latency("ack", samples_ns, count);
    printf("}\n");
    free(samples_ns);
}

/* ---- Publish to delivered ----------------------------------------------------------------- */

typedef struct delivery {
    jj_client *publisher, *reader;
    const jj_bytes *events;
    size_t count, sent, acknowledged, delivered;
    int64_t start_ns;
    int64_t *samples_ns; /* when each was published, then how long it took */
} delivery;

static void fetch_after(jj_client *reader, const char *cursor)
{
    jj_error err = {0};
    uint64_t number;
    char options[120];
    snprintf(options, sizeof options, "{\"after\":\"%s\",\"max_events\":1000,\"wait_ms\":5000}",
             cursor);
    if (jj_client_send(reader, "FETCH", options, NULL, 0, &number, &err)) {
        fail("fetch", &err);
    }
}

/* Begins to read behind the newest event, which an empty PUBLISH tells, or behind an answer. */
static void fetch_behind(jj_client *reader, const jj_reply *reply)
{
    json_t *result = json_loadb(reply->result.data, reply->result.size_bytes, 0, NULL);
    const char *cursor = json_string_value(json_object_get(result, "cursor"));
    if (reply->code || !cursor) {
        fprintf(stderr, "bench_client: the hub refused: %.*s\n", (int)reply->result.size_bytes,
                reply->result.data);
        exit(1);
    }
    fetch_after(reader, cursor);
    json_decref(result);
}

static void publish_due(delivery *d)
{
    jj_error err = {0};
    uint64_t number;
    while (d->sent < d->count &&
           now_ns() >= d->start_ns + (int64_t)d->sent * (1000000000 / REGENCY_PER_S)) {
        d->samples_ns[d->sent] = now_ns();
        if (jj_client_send(d->publisher, "PUBLISH", NULL, d->events + d->sent, 1, &number, &err)) {
            fail("publish", &err);
        }
        d->sent++;
    }
}

static void take_answers(delivery *d)
{
    jj_reply reply = {0};
    while (jj_client_receive(d->reader, &reply, 0, NULL) == 0) {
        for (size_t i = 0; i < reply.event_count && d->delivered < d->count; i++) {
            d->samples_ns[d->delivered] = now_ns() - d->samples_ns[d->delivered];
            d->delivered++;
        }
        fetch_behind(d->reader, &reply);
        jj_reply_clear(&reply);
    }
    while (jj_client_receive(d->publisher, &reply, 0, NULL) == 0) {
        d->acknowledged += accepted(&reply);
        jj_reply_clear(&reply);
    }
}

static void deliver(jj_client *publisher, const char *endpoint, const event_file *events,
                    size_t from, size_t count)
{
    jj_error err = {0};
    jj_reply newest = {0};
    delivery d = {.publisher = publisher,
                  .reader = connect_to(endpoint),
                  .events = events->list + from,
                  .count = count,
                  .start_ns = now_ns(),
                  .samples_ns = new_samples(events, from, count)};
    if (jj_client_request(publisher, "PUBLISH", NULL, NULL, 0, &newest, &err)) {
        fail("publish", &err);
    }
    fetch_behind(d.reader, &newest);
    jj_reply_clear(&newest);
    while (d.delivered < count || d.acknowledged < count) {
        publish_due(&d);
        take_answers(&d);
        struct pollfd items[] = {
            {.fd = jj_client_descriptor(d.reader), .events = POLLIN},
            {.fd = jj_client_descriptor(d.publisher), .events = POLLIN},
        };
        poll(items, 2, 1);
    }
    printf("{\"events\": %zu, \"per_s\": %d, ", count, REGENCY_PER_S);
    print_latency("delivered", d.samples_ns, count);
    printf("}\n");
    free(d.samples_ns);
    jj_client_close(d.reader);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_client publish|latency|deliver ENDPOINT EVENTS N N\n");
        return 2;
    }
    event_file events = load_events(argv[3]);
    jj_client *client = connect_to(argv[2]);
    size_t first = strtoul(argv[4], NULL, 10), second = strtoul(argv[5], NULL, 10);
    if (strcmp(argv[1], "publish") == 0) {
        publish(client, &events, first, second);
    } else if (strcmp(argv[1], "latency") == 0) {
        latency(client, &events, first, second);
    } else {
        deliver(client, argv[2], &events, first, second);
    }
    jj_client_close(client);
    free(events.list);
    return 0;
}

/*
 * A publishing client for the benchmark, through libjejaring alone.
 *
 *   bench_client publish ENDPOINT EVENTS BATCH WINDOW   all events, WINDOW requests in flight
 *   bench_client latency ENDPOINT EVENTS FROM COUNT     one event at a time, one in flight
 *
 * Prints one JSON object. Fails unless every event was accepted.
 */
#include "measure.h"

#include <jansson.h>

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
    jj_client_options options = {.endpoint = endpoint, .name = "bench/1", .timeout_ms = 60000};
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

static void latency(jj_client *client, const event_file *events, size_t from, size_t count)
{
    if (count == 0 || from + count > events->count) {
        fprintf(stderr, "bench_client: there are only %zu events\n", events->count);
        exit(2);
    }
    int64_t *samples_ns = calloc(count, sizeof *samples_ns);
    if (!samples_ns) {
        die("samples");
    }
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

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_client publish|latency ENDPOINT EVENTS N N\n");
        return 2;
    }
    event_file events = load_events(argv[3]);
    jj_client *client = connect_to(argv[2]);
    size_t first = strtoul(argv[4], NULL, 10), second = strtoul(argv[5], NULL, 10);
    if (strcmp(argv[1], "publish") == 0) {
        publish(client, &events, first, second);
    } else {
        latency(client, &events, first, second);
    }
    jj_client_close(client);
    free(events.list);
    return 0;
}

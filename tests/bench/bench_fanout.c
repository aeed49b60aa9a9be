/*
 * Fan-out: one publisher at a steady rate, and as many subscribers as there are keys, each an
 * agency with rights of its own that waits for what it may see.
 *
 *   bench_fanout ENDPOINT EVENTS PER_SECOND KEYS
 *
 * KEYS is a file: the server's public key, then a line "PUBLIC SECRET" for each agency; the first
 * is the publisher's. Prints one JSON object: how long after the last acknowledgement everybody had
 * everything, and how much that was.
 */
#include "measure.h"

#include <jansson.h>
#include <poll.h>

#define READERS_MAX 200
#define TICK_NS     10000000 /* of the publisher: so many events go together */

typedef struct reader {
    jj_client *client;
    char cursor[24];
    int64_t done_ns; /* when it had everything up to the newest event; 0: it has not */
    size_t events;
} reader;

typedef struct fanout {
    jj_client *publisher;
    const event_file *events;
    double per_s;
    size_t sent, acknowledged;
    int64_t start_ns, last_ns; /* of the first event, of the last acknowledgement */
    reader readers[READERS_MAX];
    size_t reader_count;
} fanout;

static void fail(const char *what, const jj_error *err)
{
    fprintf(stderr, "bench_fanout: %s: %s\n", what, err->text);
    exit(1);
}

static jj_client *come_in(const char *endpoint, const char *server, const char *line)
{
    char public_key[48], secret_key[48];
    jj_error err = {0};
    jj_reply reply = {0};
    jj_client *client;
    if (sscanf(line, "%47s %47s", public_key, secret_key) != 2) {
        die("keys");
    }
    const jj_client_options options = {.endpoint = endpoint,
                                       .name = "bench/1",
                                       .timeout_ms = 60000,
                                       .server_key = server,
                                       .public_key = public_key,
                                       .secret_key = secret_key};
    if (jj_client_open(&client, &options, &err) ||
        jj_client_request(client, "HELLO", NULL, NULL, 0, &reply, &err)) {
        fail(endpoint, &err);
    }
    jj_reply_clear(&reply);
    return client;
}

static void open_all(fanout *f, const char *endpoint, const char *path)
{
    char line[128], server[48];
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file) || sscanf(line, "%47s", server) != 1) {
        die(path);
    }
    while (fgets(line, sizeof line, file) && f->reader_count < READERS_MAX) {
        jj_client *client = come_in(endpoint, server, line);
        if (!f->publisher) {
            f->publisher = client;
        } else {
            reader *one = &f->readers[f->reader_count++];
            one->client = client;
            snprintf(one->cursor, sizeof one->cursor, "0");
        }
    }
    fclose(file);
}

static void ask(reader *one)
{
    jj_error err = {0};
    uint64_t number;
    char options[120];
    snprintf(options, sizeof options,
             "{\"name\":\"fan\",\"after\":\"%s\",\"max_events\":1000,\"wait_ms\":100}",
             one->cursor);
    if (jj_client_send(one->client, "FETCH", options, NULL, 0, &number, &err)) {
        fail("fetch", &err);
    }
}

static void take(fanout *f, reader *one)
{
    jj_reply reply = {0};
    while (jj_client_receive(one->client, &reply, 0, NULL) == 0) {
        json_t *result = json_loadb(reply.result.data, reply.result.size_bytes, 0, NULL);
        const char *cursor = json_string_value(json_object_get(result, "cursor"));
        if (reply.code || !cursor) {
            fprintf(stderr, "bench_fanout: the hub refused: %.*s\n", (int)reply.result.size_bytes,
                    reply.result.data);
            exit(1);
        }
        snprintf(one->cursor, sizeof one->cursor, "%s", cursor);
        one->events += reply.event_count;
        bool whole = strtoull(cursor, NULL, 10) >= f->events->count;
        one->done_ns = whole && !one->done_ns ? now_ns() : one->done_ns;
        json_decref(result);
        jj_reply_clear(&reply);
        if (!whole) {
            ask(one);
        }
    }
}

static void publish_due(fanout *f)
{
    jj_error err = {0};
    uint64_t number;
    size_t due = (size_t)((double)(now_ns() - f->start_ns) / 1e9 * f->per_s);
    due = due < f->events->count ? due : f->events->count;
    size_t step = (size_t)(f->per_s * TICK_NS / 1e9);
    if (due <= f->sent || (due - f->sent < step && due < f->events->count)) {
        return;
    }
    size_t count = due - f->sent < JJ_EVENTS_MAX ? due - f->sent : JJ_EVENTS_MAX;
    if (jj_client_send(f->publisher, "PUBLISH", NULL, f->events->list + f->sent, count, &number,
                       &err)) {
        fail("publish", &err);
    }
    f->sent += count;
}

static void take_acknowledgements(fanout *f)
{
    jj_reply reply = {0};
    while (jj_client_receive(f->publisher, &reply, 0, NULL) == 0) {
        json_t *result = json_loadb(reply.result.data, reply.result.size_bytes, 0, NULL);
        size_t accepted = (size_t)json_integer_value(json_object_get(result, "accepted"));
        if (reply.code || accepted == 0) {
            fprintf(stderr, "bench_fanout: the hub refused: %.*s\n", (int)reply.result.size_bytes,
                    reply.result.data);
            exit(1);
        }
        f->acknowledged += accepted;
        f->last_ns = now_ns();
        json_decref(result);
        jj_reply_clear(&reply);
    }
}

static bool is_over(const fanout *f)
{
    if (f->acknowledged < f->events->count) {
        return false;
    }
    for (size_t i = 0; i < f->reader_count; i++) {
        if (!f->readers[i].done_ns) {
            return false;
        }
    }
    return true;
}

static void run(fanout *f)
{
    struct pollfd items[READERS_MAX + 1];
    items[0] = (struct pollfd){.fd = jj_client_descriptor(f->publisher), .events = POLLIN};
    for (size_t i = 0; i < f->reader_count; i++) {
        ask(&f->readers[i]);
        items[i + 1] =
            (struct pollfd){.fd = jj_client_descriptor(f->readers[i].client), .events = POLLIN};
    }
    f->start_ns = now_ns();
    while (!is_over(f)) {
        publish_due(f);
        take_acknowledgements(f);
        for (size_t i = 0; i < f->reader_count; i++) {
            take(f, &f->readers[i]);
        }
        poll(items, f->reader_count + 1, 2);
    }
}

int main(int argc, char **argv)
{
    static fanout f;
    if (argc != 5) {
        fprintf(stderr, "usage: bench_fanout ENDPOINT EVENTS PER_SECOND KEYS\n");
        return 2;
    }
    event_file events = load_events(argv[2]);
    f.events = &events;
    f.per_s = strtod(argv[3], NULL);
    open_all(&f, argv[1], argv[4]);
    run(&f);
    int64_t last_ns = f.last_ns;
    size_t delivered = 0;
    for (size_t i = 0; i < f.reader_count; i++) {
        last_ns = f.readers[i].done_ns > last_ns ? f.readers[i].done_ns : last_ns;
        delivered += f.readers[i].events;
        jj_client_close(f.readers[i].client);
    }
    double published_s = (double)(f.last_ns - f.start_ns) / 1e9;
    printf("{\"events\": %zu, \"readers\": %zu, \"delivered\": %zu, \"published_per_s\": %.0f, "
           "\"delivered_per_s\": %.0f, \"lag_ms\": %.1f}\n",
           events.count, f.reader_count, delivered, (double)events.count / published_s,
           (double)delivered / published_s, (double)(last_ns - f.last_ns) / 1e6);
    jj_client_close(f.publisher);
    free(events.list);
    return 0;
}

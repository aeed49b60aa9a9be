/*
 * The bare parts that the daemon is measured against, without any of its own code.
 *
 *   bench_bare parse EVENTS                   a jansson parse loop, flags as in core/json/load.c
 *   bench_bare floor EVENTS FOLDER COUNT      write + fdatasync of one event to a file in FOLDER;
 *                                             a ZeroMQ round trip over ipc between two processes;
 *                                             and both in one, as an acknowledgement needs them
 *
 * Prints one JSON object.
 */
#include "measure.h"

#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <zmq.h>

static void parse(const event_file *events)
{
    int64_t start_ns = now_ns();
    for (size_t i = 0; i < events->count; i++) {
        json_t *event = json_loadb(events->list[i].data, events->list[i].size_bytes,
                                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        if (!event) {
            fprintf(stderr, "bench_bare: event %zu is not JSON\n", i);
            exit(1);
        }
        json_decref(event);
    }
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    printf("{\"events\": %zu, \"seconds\": %.4f, \"events_per_s\": %.0f}\n", events->count, seconds,
           (double)events->count / seconds);
}

static int open_log(const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/floor.log", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        die(path);
    }
    return fd;
}

static void store(int fd, const void *data, size_t size_bytes)
{
    if (write(fd, data, size_bytes) != (ssize_t)size_bytes || fdatasync(fd)) {
        die("write");
    }
}

/* The other process: answers each message, and stores it first if its first byte asks for it. */
static void serve(const char *endpoint, const char *folder)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    int fd = open_log(folder);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (zmq_bind(socket, endpoint)) {
        die(endpoint);
    }
    for (;;) {
        zmq_msg_t route, mode, event;
        zmq_msg_init(&route);
        zmq_msg_init(&mode);
        zmq_msg_init(&event);
        zmq_msg_recv(&route, socket, 0);
        zmq_msg_recv(&mode, socket, 0);
        zmq_msg_recv(&event, socket, 0);
        char asked = *(const char *)zmq_msg_data(&mode);
        if (asked == 'q') {
            exit(0);
        }
        if (asked == 's') {
            store(fd, zmq_msg_data(&event), zmq_msg_size(&event));
        }
        zmq_msg_send(&route, socket, ZMQ_SNDMORE);
        zmq_msg_send(&mode, socket, 0);
        zmq_msg_close(&event);
    }
}

static void loop_store(const event_file *events, int fd, int64_t *samples_ns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jj_bytes event = events->list[i % events->count];
        int64_t start_ns = now_ns();
        store(fd, event.data, event.size_bytes);
        samples_ns[i] = now_ns() - start_ns;
    }
}

static void loop_trip(const event_file *events, void *socket, const char *mode, int64_t *samples_ns,
                      size_t count)
{
    char answer;
    for (size_t i = 0; i < count; i++) {
        jj_bytes event = events->list[i % events->count];
        int64_t start_ns = now_ns();
        if (zmq_send(socket, mode, 1, ZMQ_SNDMORE) < 0 ||
            zmq_send(socket, event.data, event.size_bytes, 0) < 0 ||
            zmq_recv(socket, &answer, 1, 0) < 0) {
            die("round trip");
        }
        samples_ns[i] = now_ns() - start_ns;
    }
}

static void measure_floor(const event_file *events, const char *folder, size_t count)
{
    char endpoint[4200];
    int64_t *samples_ns = calloc(count, sizeof *samples_ns);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/floor.sock", folder);
    pid_t server = fork(); /* before either side has a ZeroMQ context */
    if (server == 0) {
        serve(endpoint, folder);
    }
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    if (server < 0 || !samples_ns || zmq_connect(socket, endpoint)) {
        die(endpoint);
    }
    loop_trip(events, socket, "t", samples_ns, 1); /* the connection stands */

    printf("{\"events\": %zu, ", count);
    loop_trip(events, socket, "t", samples_ns, count);
    print_latency("round_trip", samples_ns, count);
    int fd = open_log(folder);
    loop_store(events, fd, samples_ns, count);
    close(fd);
    printf(", ");
    print_latency("fdatasync", samples_ns, count);
    loop_trip(events, socket, "s", samples_ns, count);
    printf(", ");
    print_latency("both", samples_ns, count);
    printf("}\n");

    zmq_send(socket, "q", 1, ZMQ_SNDMORE);
    zmq_send(socket, "", 0, 0);
    waitpid(server, NULL, 0);
    zmq_close(socket);
    zmq_ctx_term(context);
    free(samples_ns);
}

int main(int argc, char **argv)
{
    bool parsing = argc == 3 && strcmp(argv[1], "parse") == 0;
    bool floor = argc == 5 && strcmp(argv[1], "floor") == 0;
    if (!parsing && !floor) {
        fprintf(stderr, "usage: bench_bare parse EVENTS | floor EVENTS FOLDER COUNT\n");
        return 2;
    }
    event_file events = load_events(argv[2]);
    if (parsing) {
        parse(&events);
    } else {
        measure_floor(&events, argv[3], strtoul(argv[4], NULL, 10));
    }
    free(events.list);
    return 0;
}

/*
 * What the benchmark's programs share: the file of events, one a line, and figures over samples.
 * A broken set-up ends the program: there is nobody to hand an error to.
 */
#ifndef JJ_BENCH_MEASURE_H
#define JJ_BENCH_MEASURE_H

#include <jejaring/client.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The options of a connection; the keys are JJ_BENCH_KEYS, "SERVER PUBLIC SECRET" in Z85, if that
 * is set: an agency's, which comes in by CURVE. */
static inline jj_client_options bench_options(const char *endpoint)
{
    static char keys[256];
    jj_client_options options = {.endpoint = endpoint, .name = "bench/1", .timeout_ms = 60000};
    const char *given = getenv("JJ_BENCH_KEYS");
    if (given) {
        char *rest = keys;
        snprintf(keys, sizeof keys, "%s", given);
        options.server_key = strsep(&rest, " ");
        options.public_key = strsep(&rest, " ");
        options.secret_key = strsep(&rest, " ");
    }
    return options;
}

static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

static inline int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* CPU time of this process, all threads. */
static inline int64_t cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * 1000000000LL + used.tv_nsec;
}

typedef struct event_file {
    jj_bytes *list; /* in the file's mapping; both live as long as the process */
    size_t count, size_bytes;
} event_file;

static inline event_file load_events(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) || info.st_size == 0) {
        die(path);
    }
    size_t size = (size_t)info.st_size;
    char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    event_file file = {.list = calloc(size / 64 + 1, sizeof *file.list)};
    if (text == MAP_FAILED || !file.list) {
        die(path);
    }
    close(fd);
    for (const char *at = text, *end = text + size; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        file.list[file.count++] = (jj_bytes){at, (size_t)(stop - at)};
        file.size_bytes += (size_t)(stop - at);
        at = stop + 1;
    }
    return file;
}

static inline int compare_samples(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Sorts the samples and prints `"name": {"p50_us": ..., "p99_us": ...}`. */
static inline void print_latency(const char *name, int64_t *samples_ns, size_t count)
{
    qsort(samples_ns, count, sizeof *samples_ns, compare_samples);
    printf("\"%s\": {\"p50_us\": %.1f, \"p99_us\": %.1f, \"min_us\": %.1f}", name,
           (double)samples_ns[count / 2] / 1e3, (double)samples_ns[count * 99 / 100] / 1e3,
           (double)samples_ns[0] / 1e3);
}

#endif

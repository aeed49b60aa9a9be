/* Leaves the process it lives in as nobody should: another folder, umask, locale and errno, a
 * thread that never ends, and noise on the standard streams. None of this may matter to anybody
 * else. */
#include "sample.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void *linger(void *arg)
{
    (void)arg;
    for (;;) {
        pause();
    }
    return NULL;
}

static int on_events(void *self, const jj_event *events, size_t count)
{
    pthread_t thread;

    (void)self;
    (void)events;
    (void)count;
    printf("on stdout\n%c", 0);
    fflush(stdout);
    fputs("on stderr without an end", stderr);
    setlocale(LC_ALL, "C.UTF-8");
    umask(0);
    pthread_create(&thread, NULL, linger, NULL);
    errno = chdir("/") == 0 ? EIO : ENOMEM;
    return JJ_DONE;
}

static const char *const subscribes[] = {"vacancy.opened", NULL};

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "rough",
    .subscribes = subscribes,
    .create = sample_create,
    .on_events = on_events,
    .destroy = sample_destroy,
};

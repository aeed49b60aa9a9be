#include "worker/link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "json/load.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALIVE_MS     1000
#define SLICE_MS     200   /* between looks at signals while waiting for the hub */
#define GRACE_MS     3000  /* of the 5 s that the supervisor gives: the rest is for the plugin */
#define TIMEOUT_MS   15000 /* longer than a FETCH waits, so that it is not sent twice */
#define COMPLAINT_MS 60000

int jj_link_open(jj_link *link, const jj_config *config, const jj_plugin_config *instance,
                 const char *token, int status_fd, jj_error *err)
{
    const jj_client_options options = {.endpoint = config->hub.plugin_endpoint,
                                       .name = instance->name,
                                       .plain_user = instance->name,
                                       .plain_password = token,
                                       .timeout_ms = TIMEOUT_MS};

    *link = (jj_link){.status_fd = status_fd, .signal_fd = -1, .config_fd = -1};
    /* An interrupt from the terminal reaches the supervisor too, which stops us in order. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    link->signal_fd = jj_process_signals((const int[]){SIGTERM, 0});
    if (link->signal_fd < 0) {
        return jj_fail_errno(err, JJ_ESYSTEM, "signalfd");
    }
    return jj_client_open(&link->client, &options, err);
}

void jj_link_close(jj_link *link)
{
    jj_client_close(link->client);
    if (link->signal_fd >= 0) {
        close(link->signal_fd);
    }
    if (link->config_fd >= 0) {
        close(link->config_fd);
    }
    *link = (jj_link){.status_fd = -1, .signal_fd = -1, .config_fd = -1};
}

static void stop(jj_link *link)
{
    if (!link->stopping) {
        link->stopping = true;
        link->give_up_ms = jj_monotonic_ms() + GRACE_MS;
    }
}

void jj_link_tell(const jj_link *link, const char *format, ...)
{
    char line[256];
    va_list args;

    if (link->status_fd < 0) {
        return;
    }
    va_start(args, format);
    int length = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (length < 0) {
        return;
    }
    size_t used = (size_t)length < sizeof line - 1 ? (size_t)length : sizeof line - 2;
    line[used] = '\n';
    /* A supervisor that does not read is busy; the next sign of life comes in a second. */
    send(link->status_fd, line, used + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The descriptor that came with a message, or -1. */
static int descriptor_of(struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    }
    return fd;
}

/* All that a supervisor says is a new configuration; its end is said by the end of the stream. */
static void listen_to_supervisor(jj_link *link)
{
    char word[64];
    struct iovec bytes = {word, sizeof word};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    ssize_t got;

    do {
        struct msghdr message = {.msg_iov = &bytes,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof control};
        got = link->status_fd < 0
                  ? -1
                  : recvmsg(link->status_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        int fd = got > 0 ? descriptor_of(&message) : -1;
        if (fd >= 0) {
            if (link->config_fd >= 0) {
                close(link->config_fd);
            }
            link->config_fd = fd;
        }
    } while (got > 0);
    if (got == 0) {
        stop(link);
    }
}

void jj_link_tend(jj_link *link)
{
    struct signalfd_siginfo info;
    int64_t now_ms = jj_monotonic_ms();

    while (read(link->signal_fd, &info, sizeof info) == sizeof info) {
        stop(link);
    }
    listen_to_supervisor(link);
    if (now_ms >= link->next_alive_ms) {
        link->next_alive_ms = now_ms + ALIVE_MS;
        jj_link_tell(link, "ALIVE");
    }
}

bool jj_link_receive(jj_link *link)
{
    jj_reply reply = {0};
    bool any = false;
    while (jj_client_receive(link->client, &reply, 0, NULL) == 0) {
        link->answer(link->arg, &reply);
        jj_reply_clear(&reply);
        any = true;
    }
    return any;
}

static bool must_give_up(const jj_link *link)
{
    return link->stopping && jj_monotonic_ms() >= link->give_up_ms;
}

/* Waits for the answer to one request; hands on the others that come meanwhile. */
static int wait_for(jj_link *link, uint64_t number, jj_reply *reply, jj_error *err)
{
    jj_throttle complaint = {.next_ms = jj_monotonic_ms() + TIMEOUT_MS};
    jj_error why;

    for (;;) {
        jj_reply got = {0};
        int rc = jj_client_receive(link->client, &got, SLICE_MS, &why);
        jj_link_tend(link);
        if (rc == 0 && got.request == number) {
            *reply = got;
            return 0;
        }
        if (rc == 0) {
            link->answer(link->arg, &got);
            jj_reply_clear(&got);
        } else if (rc != JJ_ETIMEOUT || must_give_up(link)) {
            jj_client_forget(link->client, number);
            return jj_fail(err, rc, "%s", why.text);
        } else if (jj_throttle_pass(&complaint, COMPLAINT_MS, NULL)) {
            jj_log(JJ_WARNING, "the hub does not answer (%s); still waiting", why.text);
        }
    }
}

int jj_link_request(jj_link *link, const char *verb, const char *options, const jj_bytes *events,
                    size_t count, jj_reply *reply, jj_error *err)
{
    uint64_t number;
    jj_reply got = {0};
    int rc = jj_client_send(link->client, verb, options, events, count, &number, err);

    rc = rc ? rc : wait_for(link, number, &got, err);
    if (rc == 0 && got.code) {
        rc = got.code;
        jj_reply_error(&got, err);
        jj_reply_clear(&got);
    }
    if (rc == 0) {
        *reply = got;
    }
    return rc;
}

bool jj_link_pause(jj_link *link, int64_t pause_ms)
{
    int64_t until_ms = jj_monotonic_ms() + pause_ms;
    for (;;) {
        int64_t left_ms = until_ms - jj_monotonic_ms();
        jj_link_tend(link);
        if (link->stopping || left_ms <= 0) {
            return !link->stopping;
        }
        struct pollfd signal = {.fd = link->signal_fd, .events = POLLIN};
        poll(&signal, 1, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS);
    }
}

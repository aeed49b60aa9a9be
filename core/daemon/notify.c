#include "daemon/notify.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or with a leading @ a name in the abstract namespace. */
static int connect_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, name, length);
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool watchdog_is_ours(void)
{
    const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t value;

    return interval && jj_parse_i64(interval, &value) && value > 0 &&
           (!pid || (jj_parse_i64(pid, &value) && value == getpid()));
}

void jj_notify_open(jj_notify *notify)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *notify = (jj_notify){.fd = name ? connect_to(name) : -1};
    notify->watchdog = notify->fd >= 0 && watchdog_is_ours();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void jj_notify_close(jj_notify *notify)
{
    if (notify->fd >= 0) {
        close(notify->fd);
    }
    notify->fd = -1;
}

void jj_notify_send(const jj_notify *notify, const char *format, ...)
{
    char text[512];
    va_list args;

    if (notify->fd < 0) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* A manager that is not listening is none of our failures. */
    send(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void jj_notify_reloading(const jj_notify *notify)
{
    jj_notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, jj_monotonic_us());
}

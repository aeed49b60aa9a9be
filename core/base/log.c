#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The one place of global mutable state: a process has one log. */
static struct {
    char who[64];
    int level;
    int journal; /* socket to journald, or -1 */
    bool plugin;
} state = {"jejaring", JJ_INFO, -1, false};

static const char *const level_names[] = {"emergency", "alert",  "critical", "error",
                                          "warning",   "notice", "info",     "debug"};

int jj_log_level_parse(const char *word)
{
    for (int level = JJ_ERROR; level <= JJ_DEBUG; level++) {
        if (strcmp(level_names[level], word) == 0) {
            return level;
        }
    }
    return -1;
}

/* systemd names the device and inode of the stream that leads to journald; only if stderr still
 * is that stream do lines go to the journal's own socket, with fields. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static int journal_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool jj_log_is_journal(void)
{
    return state.journal >= 0;
}

void jj_log_open(const char *who, int level)
{
    snprintf(state.who, sizeof state.who, "%s", who);
    state.level = level;
    if (state.journal < 0 && stderr_is_journal()) {
        state.journal = journal_connect();
    }
}

void jj_log_is_plugin(void)
{
    state.plugin = true;
}

/* journald's native protocol: NAME=value lines; message has no newline in it. */
static void journal_field(jj_buf *out, const char *name, const char *value)
{
    if (value) {
        jj_buf_printf(out, "%s=%s\n", name, value);
    }
}

static bool write_journal(int level, const jj_log_fields *fields, const char *message)
{
    jj_buf out = {0};
    jj_buf_printf(&out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=jejaringd\n", level);
    journal_field(&out, "PROCESS", state.who);
    if (state.plugin || (fields && fields->plugin)) {
        journal_field(&out, "PLUGIN", fields && fields->plugin ? fields->plugin : state.who);
    }
    if (fields) {
        journal_field(&out, "MESSAGE_ID", fields->id);
        journal_field(&out, "EVENT_TYPE", fields->type);
        journal_field(&out, "REGION", fields->region);
        journal_field(&out, "AGENCY", fields->agency);
    }
    journal_field(&out, "MESSAGE", message);
    bool sent = !out.failed && send(state.journal, out.data, out.size, MSG_NOSIGNAL) >= 0;
    jj_buf_clear(&out);
    return sent;
}

static void write_stderr(int level, const jj_log_fields *fields, const char *message)
{
    char time[JJ_TIME_SIZE];
    jj_time_format(jj_now_ms() / 1000 * 1000, time);
    jj_buf line = {0};
    jj_buf_printf(&line, "%s %s[%d] %s: %s", time, state.who, (int)getpid(), level_names[level],
                  message);
    if (fields && fields->agency) {
        jj_buf_printf(&line, " agency=%s", fields->agency);
    }
    if (fields && fields->type) {
        jj_buf_printf(&line, " type=%s", fields->type);
    }
    if (fields && fields->region) {
        jj_buf_printf(&line, " region=%s", fields->region);
    }
    jj_buf_putc(&line, '\n');
    if (!line.failed) {
        /* One write a line, so that the lines of several processes do not mix. */
        while (write(STDERR_FILENO, line.data, line.size) < 0 && errno == EINTR) {
        }
    }
    jj_buf_clear(&line);
}

/* A message is one line of printable text, whatever a plugin or a file name put into it. */
static void flatten(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = ' ';
        }
    }
}

void jj_vlog(int level, const jj_log_fields *fields, const char *format, va_list args)
{
    if (level > state.level) {
        return;
    }
    if (level < 0 || level > JJ_DEBUG) {
        level = JJ_ERROR;
    }
    jj_buf message = {0};
    jj_buf_vprintf(&message, format, args);
    if (message.failed || !message.data) {
        jj_buf_clear(&message);
        return;
    }
    flatten(message.data);
    if (state.journal < 0 || !write_journal(level, fields, message.data)) {
        write_stderr(level, fields, message.data);
    }
    jj_buf_clear(&message);
}

void jj_log(int level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    jj_vlog(level, NULL, format, args);
    va_end(args);
}

void jj_log_with(int level, const jj_log_fields *fields, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    jj_vlog(level, fields, format, args);
    va_end(args);
}

void jj_log_error(int level, const char *what, const jj_error *err)
{
    char where[320] = "";
    if (err->file[0] && err->line) {
        snprintf(where, sizeof where, "%s:%d:%d: ", err->file, err->line, err->column);
    } else if (err->file[0]) {
        snprintf(where, sizeof where, "%s: ", err->file);
    }
    if (err->field[0]) {
        jj_log(level, "%s: %s%s (field %s)", what, where, err->text, err->field);
    } else {
        jj_log(level, "%s: %s%s", what, where, err->text);
    }
}

bool jj_throttle_pass(jj_throttle *throttle, int64_t interval_ms, unsigned *suppressed)
{
    int64_t now_ms = jj_monotonic_ms();
    if (now_ms < throttle->next_ms) {
        throttle->suppressed++;
        return false;
    }
    if (suppressed) {
        *suppressed = throttle->suppressed;
    }
    throttle->suppressed = 0;
    throttle->next_ms = now_ms + interval_ms;
    return true;
}

/* top: how the node is doing, on a screen that is drawn again each second. */
#include "ctl/top.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "ctl/commands.h"
#include "json/load.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define INTERVAL_MS   1000
#define PATIENCE_MS   1500 /* an answer that is later is said to be missing */
#define FILE_MAX      (1024 * 1024)
#define SCREEN_BEGIN  "\033[?1049h\033[?25l" /* another screen, without a cursor */
#define SCREEN_END    "\033[?25h\033[?1049l"
#define SCREEN_HOME   "\033[H"
#define REST_OF_LINE  "\033[K"
#define REST_OF_SHEET "\033[J"

typedef struct watching {
    jj_ctl *ctl;
    jj_client *client;
    jj_top top;
    char *processes_file;          /* owned; NULL: not known */
    uint64_t request;              /* STATUS under way; 0: none */
    int64_t asked_ms, answered_ms; /* monotonic */
    int64_t interval_ms;
    int64_t next_ms; /* monotonic: when to draw again without an answer */
    int signals;
    bool screen, ended;
    struct termios before; /* what the terminal was like */
} watching;

/* ---- The terminal ------------------------------------------------------------------------- */

static void write_all(const char *data, size_t size_bytes)
{
    while (size_bytes) {
        ssize_t put = write(STDOUT_FILENO, data, size_bytes);
        if (put < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        data += put > 0 ? put : 0;
        size_bytes -= put > 0 ? (size_t)put : 0;
    }
}

static void begin_screen(watching *w)
{
    w->screen =
        isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &w->before) == 0;
    if (w->screen) {
        struct termios quiet = w->before;
        quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
        write_all(SCREEN_BEGIN, sizeof SCREEN_BEGIN - 1);
    }
}

static void end_screen(watching *w)
{
    if (w->screen) {
        write_all(SCREEN_END, sizeof SCREEN_END - 1);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &w->before);
        w->screen = false;
    }
}

static void take_signals(watching *w)
{
    struct signalfd_siginfo info;
    while (read(w->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGWINCH) {
            w->next_ms = 0; /* drawn anew at once */
        } else if (info.ssi_signo != SIGTSTP) {
            w->ended = true;
        }
    }
}

static void take_keys(watching *w)
{
    char keys[64];
    ssize_t got = read(STDIN_FILENO, keys, sizeof keys);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
        w->ended = true; /* the terminal is gone */
    }
    for (ssize_t i = 0; i < got; i++) {
        w->ended = w->ended || keys[i] == 'q' || keys[i] == 'Q';
        w->next_ms = 0;
    }
}

/* ---- What is known ------------------------------------------------------------------------ */

static void read_processes(watching *w)
{
    jj_buf text = {0};
    json_t *told = NULL;
    if (w->processes_file && jj_file_read(w->processes_file, FILE_MAX, &text, NULL) == 0) {
        jj_json_load(&told, text.data, text.size, FILE_MAX, NULL);
    }
    jj_buf_clear(&text);
    json_decref(w->top.processes);
    w->top.processes = told;
    pid_t pid = (pid_t)json_integer_value(json_object_get(told, "supervisor"));
    w->top.daemon_gone = w->processes_file && (!told || (kill(pid, 0) && errno == ESRCH));
    if (w->top.daemon_gone) {
        json_decref(told); /* of one that was killed: not true any more */
        w->top.processes = NULL;
    }
}

static int ask(watching *w)
{
    jj_error err;
    w->asked_ms = jj_monotonic_ms();
    return jj_client_send(w->client, "STATUS", NULL, NULL, 0, &w->request, &err)
               ? jj_ctl_fail(NULL, &err)
               : JJ_EXIT_OK;
}

/* Takes the answer if it is there. Returns an exit code: who may not ask never will. */
static int take_answer(watching *w, bool *got)
{
    jj_error err = {0};
    jj_reply reply = {0};
    json_t *status = NULL;
    int code = JJ_EXIT_OK;
    *got = false;
    if (!w->request || jj_client_receive(w->client, &reply, 0, &err)) {
        return JJ_EXIT_OK;
    }
    w->request = 0;
    int rc = jj_json_load(&status, reply.result.data, reply.result.size_bytes, JJ_FRAME_MAX, &err);
    if (rc == 0 && (reply.code == JJ_EFORBIDDEN || reply.code == JJ_EUNAUTHORISED)) {
        const char *detail = jj_json_string(status, "detail");
        rc = jj_fail(&err, reply.code, "%s", detail ? detail : jj_code_name(reply.code));
    }
    if (rc) {
        end_screen(w); /* or the words would go with it */
        code = jj_ctl_fail(NULL, &err);
    } else if (reply.code == 0) {
        w->answered_ms = jj_monotonic_ms();
        jj_top_take(&w->top, json_incref(status), w->answered_ms);
        *got = true;
    }
    json_decref(status);
    jj_reply_clear(&reply);
    return code;
}

static void note_silence(watching *w)
{
    int64_t now_ms = jj_monotonic_ms();
    bool late = w->request && now_ms - w->asked_ms >= PATIENCE_MS;
    w->top.silent_ms = late ? now_ms - w->answered_ms : 0;
}

/* ---- Showing ------------------------------------------------------------------------------ */

static jj_top_paper paper_of(const watching *w)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    return (jj_top_paper){.columns = w->screen ? (known ? size.ws_col : 80) : 0,
                          .rows = w->screen ? (known ? size.ws_row : 24) : 0,
                          .colour = *jj_ctl_red(stdout) != '\0',
                          .foot = w->screen ? "q ends" : NULL};
}

/* In place of what was there, line by line: nothing flickers. */
static void show_screen(const jj_buf *lines)
{
    jj_buf out = {0};
    jj_buf_puts(&out, SCREEN_HOME);
    for (size_t i = 0; i < lines->size; i++) {
        bool last = i + 1 == lines->size;
        if (lines->data[i] == '\n') {
            jj_buf_puts(&out, last ? REST_OF_LINE : REST_OF_LINE "\n");
        } else {
            jj_buf_putc(&out, lines->data[i]);
        }
    }
    jj_buf_puts(&out, REST_OF_SHEET);
    if (!out.failed) {
        write_all(out.data, out.size);
    }
    jj_buf_clear(&out);
}

static int show(watching *w)
{
    jj_buf lines = {0};
    int code = JJ_EXIT_OK;
    read_processes(w);
    note_silence(w);
    if (w->ctl->json) {
        return jj_ctl_print_json(jj_top_json(&w->top));
    }
    const jj_top_paper paper = paper_of(w);
    jj_top_draw(&w->top, &paper, &lines);
    if (w->screen) {
        show_screen(&lines);
    } else {
        fwrite(lines.data ? lines.data : "", 1, lines.size, stdout);
        code = jj_ctl_finish(JJ_EXIT_OK);
    }
    jj_buf_clear(&lines);
    return code;
}

/* Until something happens, or it is time. */
static void wait_for(watching *w, int64_t until_ms)
{
    struct pollfd items[] = {{.fd = w->signals, .events = POLLIN},
                             {.fd = jj_client_descriptor(w->client), .events = POLLIN},
                             {.fd = w->screen ? STDIN_FILENO : -1, .events = POLLIN}};
    int64_t left_ms = until_ms - jj_monotonic_ms();
    /* The client has to be looked after now and then, for what it sends again. */
    poll(items, 3, left_ms < 0 ? 0 : left_ms > 100 ? 100 : (int)left_ms);
    if (items[0].revents) {
        take_signals(w);
    }
    if (items[2].revents) {
        take_keys(w);
    }
}

/* One picture: rates need two answers. Without a second one within the time that is given, what is
 * known is shown all the same. */
static int run_once(watching *w)
{
    /* Where nobody listens there is nothing to wait for. */
    int64_t patience_ms = jj_ctl_hub_is_there(w->ctl) ? w->ctl->timeout_ms : 0;
    int64_t end_ms = jj_monotonic_ms() + patience_ms, next_ms = 0;
    bool got;
    int code = JJ_EXIT_OK;
    while (code == 0 && !w->ended && !w->top.before && jj_monotonic_ms() < end_ms) {
        if (!w->request && jj_monotonic_ms() >= next_ms) {
            code = ask(w);
        }
        code = code ? code : take_answer(w, &got);
        if (code == 0 && got) {
            next_ms = w->answered_ms + w->interval_ms;
        } else if (code == 0) {
            wait_for(w, w->request ? end_ms : next_ms);
        }
    }
    code = code ? code : show(w);
    return code ? code : w->top.status ? JJ_EXIT_OK : JJ_EXIT_UNREACHABLE;
}

static int run(watching *w)
{
    bool got;
    int code = JJ_EXIT_OK;
    int64_t ask_ms = 0;
    w->next_ms = jj_monotonic_ms() + (w->screen ? 0 : PATIENCE_MS);
    while (code == 0 && !w->ended) {
        int64_t now_ms = jj_monotonic_ms();
        if (!w->request && now_ms >= ask_ms) {
            code = ask(w);
            ask_ms = now_ms + w->interval_ms;
        }
        code = code ? code : take_answer(w, &got);
        if (code == 0 && (got || now_ms >= w->next_ms)) {
            code = show(w);
            w->next_ms = now_ms + w->interval_ms + (w->top.silent_ms ? 0 : PATIENCE_MS);
        }
        wait_for(w, w->request || w->next_ms < ask_ms ? w->next_ms : ask_ms);
    }
    return code;
}

/* ---- The command -------------------------------------------------------------------------- */

static int prepare(watching *w)
{
    const jj_config *config = NULL;
    const char *interval = jj_ctl_option(w->ctl, "interval");
    const char *endpoint = jj_ctl_option(w->ctl, "endpoint");
    if (interval && (!jj_parse_duration(interval, &w->interval_ms) || w->interval_ms < 100 ||
                     w->interval_ms > 3600000)) {
        return jj_ctl_misused(w->ctl, "--interval: a duration from 100ms to 1h is expected");
    }
    if (!endpoint) {
        int code = jj_ctl_config(w->ctl, &config);
        if (code) {
            return code;
        }
        endpoint = config->hub.admin_endpoint;
        w->processes_file = jj_path_join(config->run, "processes.json");
    }
    w->top.door = endpoint;
    return jj_ctl_hub_patient(w->ctl, &w->client);
}

int jj_ctl_top(jj_ctl *ctl)
{
    watching w = {.ctl = ctl, .interval_ms = INTERVAL_MS, .signals = -1};
    int code = prepare(&w);
    /* What would end the program without a word is heard, so that the terminal is left as it was.
     */
    if (code == 0) {
        w.signals = jj_process_signals(
            (const int[]){SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, 0});
    }
    if (code == 0 && w.signals < 0) {
        jj_error err;
        jj_fail_errno(&err, JJ_ESYSTEM, "signalfd");
        code = jj_ctl_fail(NULL, &err);
    }
    w.answered_ms = jj_monotonic_ms();
    bool once = jj_ctl_option(ctl, "once") || (!ctl->json && !isatty(STDOUT_FILENO));
    if (code == 0 && once) {
        code = run_once(&w);
    } else if (code == 0) {
        if (!ctl->json) {
            begin_screen(&w);
        }
        code = run(&w);
        end_screen(&w);
    }
    if (w.signals >= 0) {
        close(w.signals);
    }
    jj_top_clear(&w.top);
    free(w.processes_file);
    return code;
}

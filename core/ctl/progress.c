#include "ctl/progress.h"

#include "base/clock.h"
#include "ctl/ctl.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH    30  /* of the bar at most */
#define NARROW   5   /* a shorter bar tells nothing */
#define WORDS    50  /* room for what stands behind the bar */
#define PATIENCE 500 /* ms before there is a bar at all */
#define INTERVAL 100

void jj_progress_start(jj_progress *progress)
{
    int64_t now_ms = jj_monotonic_ms();
    *progress = (jj_progress){
        .enabled = isatty(STDERR_FILENO),
        .started_ms = now_ms,
        .next_ms = now_ms + PATIENCE,
    };
}

/* A line that is longer than the terminal is wide could not be wiped out again. */
static int bar_width(void)
{
    struct winsize size;
    int room = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
                   ? (int)size.ws_col - WORDS
                   : WIDTH;
    return room >= WIDTH ? WIDTH : room >= NARROW ? room : 0;
}

void jj_progress_show(jj_progress *progress, uint64_t done, uint64_t total, uint64_t count,
                      const char *things)
{
    int64_t now_ms = jj_monotonic_ms();
    if (!progress->enabled || now_ms < progress->next_ms) {
        return;
    }
    progress->next_ms = now_ms + INTERVAL;
    progress->shown = true;
    fputs("\r\033[K", stderr);
    if (total > 0) {
        double part = done < total ? (double)done / (double)total : 1;
        int width = bar_width();
        fputs(width ? "[" : "", stderr);
        for (int i = 0; i < width; i++) {
            fputc(i < (int)(part * width) ? '#' : '.', stderr);
        }
        fprintf(stderr, "%s%3d %% ", width ? "] " : "", (int)(part * 100));
    }
    int64_t passed_ms = now_ms - progress->started_ms;
    fprintf(stderr, "%s %s, %s/s", jj_ctl_count(count), things,
            jj_ctl_count(count * 1000 / (uint64_t)(passed_ms > 0 ? passed_ms : 1)));
    fflush(stderr);
}

void jj_progress_hide(jj_progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        progress->shown = false;
    }
}

#include "ctl/progress.h"

#include "base/clock.h"
#include "ctl/ctl.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH    30
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
        fputc('[', stderr);
        for (int i = 0; i < WIDTH; i++) {
            fputc(i < (int)(part * WIDTH) ? '#' : '.', stderr);
        }
        fprintf(stderr, "] %3d %% ", (int)(part * 100));
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

#include "uplink.h"

#include <stdio.h>
#include <time.h>

#define DAY_MINUTES  1440
#define BURST_SECOND 1.0 /* what was not used is saved for so long */

int64_t uplink_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool schedule_parse(const char *text, int *from_minute, int *to_minute)
{
    int hour[2], minute[2], end = 0;
    if (sscanf(text, "%2d:%2d-%2d:%2d%n", &hour[0], &minute[0], &hour[1], &minute[1], &end) != 4 ||
        text[end] != '\0') {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (hour[i] < 0 || hour[i] > 24 || minute[i] < 0 || minute[i] > 59) {
            return false;
        }
    }
    *from_minute = (hour[0] * 60 + minute[0]) % DAY_MINUTES;
    *to_minute = (hour[1] * 60 + minute[1]) % DAY_MINUTES;
    return true;
}

bool schedule_open(const uplink *self)
{
    time_t now = (time_t)(self->host->now_ms(self->host) / 1000);
    struct tm local;
    if (self->from_minute == self->to_minute || !localtime_r(&now, &local)) {
        return true;
    }
    int minute = local.tm_hour * 60 + local.tm_min;
    return self->from_minute < self->to_minute
               ? minute >= self->from_minute && minute < self->to_minute
               : minute >= self->from_minute || minute < self->to_minute;
}

/* A piece may be larger than what is there: it is sent, and the next waits until it is paid for. */
bool schedule_spend(uplink *self, size_t size_bytes)
{
    int64_t now_ms = uplink_clock_ms();
    double rate = (double)self->rate;
    if (self->rate == 0) {
        return true;
    }
    self->credit += rate * (double)(now_ms - self->credit_ms) / 1000;
    self->credit_ms = now_ms;
    if (self->credit > rate * BURST_SECOND) {
        self->credit = rate * BURST_SECOND;
    }
    if (self->credit <= 0) {
        return false;
    }
    self->credit -= (double)size_bytes;
    return true;
}

/*
 * The log: one line an event, to stderr, or to journald with fields when the service manager
 * connected stderr to it. Lower layers return errors; the layer that decides logs, once.
 *
 * A line never holds personal data. That is the callers' duty; nothing here filters.
 */
#ifndef JJ_BASE_LOG_H
#define JJ_BASE_LOG_H

#include "jejaring/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* Values of enum jj_log_level in <jejaring/plugin.h>, which are those of syslog. */
enum {
    JJ_ERROR = 3,
    JJ_WARNING = 4,
    JJ_NOTICE = 5,
    JJ_INFO = 6,
    JJ_DEBUG = 7
};

/* Names this process in every line ("supervisor", "hub", "blk") and sets the coarsest level to be
 * dropped beyond. who is copied. Call before the first line; calling again changes both. */
void jj_log_open(const char *who, int level);

/* "error" ... "debug" to a level; -1 for another word. */
int jj_log_level_parse(const char *word);

/* From now on every line is also the plugin's after which the log is named (field PLUGIN). */
void jj_log_is_plugin(void);

/* Fields that a line may carry; all may be NULL. */
typedef struct jj_log_fields {
    const char *plugin, *type, *region, *agency;
    const char *id; /* a JJ_LOG_*: what happened (field MESSAGE_ID) */
} jj_log_fields;

/* What an administrator may want to be woken for, or to count; listed in systemd/README.md. An id
 * is for ever: filters are built on it. */
#define JJ_LOG_READY      "20ba4a937aa6454398ecddad736f84ad"
#define JJ_LOG_CHILD_DIED "1b3794594d6247e6bc5d943cd673780c"
#define JJ_LOG_CHILD_HUNG "74ee3526a31546528ecf229b935516db"
#define JJ_LOG_CONFIG     "9b2801dfaef64ec78bec5a55d1634547"
#define JJ_LOG_STOPPED    "7599ab0f89ed4a6b906396a2d37bdb58"
#define JJ_LOG_RESUMED    "d86cc635d33844b5b793003c13fd0d0f"
#define JJ_LOG_REJECTED   "9358142b81a14702a7de546d1928b4d5"

void jj_log(int level, const char *format, ...) JJ_PRINTF(2, 3);
void jj_vlog(int level, const jj_log_fields *fields, const char *format, va_list args)
    JJ_PRINTF(3, 0);
void jj_log_with(int level, const jj_log_fields *fields, const char *format, ...) JJ_PRINTF(3, 4);

/* True if lines go to journald, with their fields, and not to stderr. */
bool jj_log_is_journal(void);

/* The line for an error: "<what>: <file:line:column: ><text>< (field F)>". */
void jj_log_error(int level, const char *what, const jj_error *err);

/* Throttles a repeated complaint. Zero-initialise one per complaint. */
typedef struct jj_throttle {
    int64_t next_ms;     /* monotonic */
    unsigned suppressed; /* since the last line */
} jj_throttle;

/* True if a line may be written now: at most one each interval_ms. *suppressed (may be NULL) is
 * then the number of lines that were held back since the last one. */
bool jj_throttle_pass(jj_throttle *throttle, int64_t interval_ms, unsigned *suppressed);

#endif

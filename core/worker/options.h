/*
 * The options of a plugin instance: its option table applied to what stands below `options:` in
 * the configuration, by the same machinery that reads the configuration itself.
 *
 * Guarantees: every problem is reported with its place, unknown options with the nearest known
 * one; values are complete (defaults filled in) and within their ranges.
 *
 * Not here: what values mean together; a plugin's own `check` judges that.
 */
#ifndef JJ_WORKER_OPTIONS_H
#define JJ_WORKER_OPTIONS_H

#include "jejaring/error.h"
#include "jejaring/plugin.h"

#include "config/config.h"
#include "config/findings.h"
#include "config/pool.h"

#define JJ_OPTIONS_MAX 256 /* rows of a table */

/* Zero-initialise; clear when done. */
typedef struct jj_options {
    jj_value *values; /* one for each row of the table; owned by the pool */
    jj_pool pool;
} jj_options;

/* Reads what an instance is given (borrowed, to be kept as long as the values) by table, which may
 * be NULL: no options. What is wrong is added to findings; the values are then incomplete. The
 * pool grows by what is read: clear before reading anew. */
void jj_options_read(jj_options *options, const jj_option *table, const jj_config *config,
                     const jj_plugin_config *instance, jj_findings *findings);

/* Asks the plugin's own `check`, if it has one, about values without findings; its answer is a
 * finding at the option that it names. */
void jj_options_judge(const jj_options *options, const jj_plugin *plugin, const jj_config *config,
                      const jj_plugin_config *instance, jj_findings *findings);

void jj_options_clear(jj_options *options);

/* Judges a table itself: names, types, ranges, defaults, documentation. */
int jj_options_check_table(const jj_option *table, jj_error *err);

/* "string", "whole number", "duration", ... for the manual. */
const char *jj_option_type_name(int type);

#endif

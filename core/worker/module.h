/*
 * A plugin's shared object, loaded and judged by its descriptor.
 *
 * Guarantees: a module that opened has the right ABI major, a complete descriptor with sane names,
 * types and option table, and every callback that its declaration requires. Fields that it does
 * not have (an older minor version) are read as zero. Nothing of the plugin has been called yet,
 * save what its shared object does on loading.
 *
 * Not here: protection from a plugin that crashes when it is loaded. Only a process that may die
 * loads one.
 */
#ifndef JJ_WORKER_MODULE_H
#define JJ_WORKER_MODULE_H

#include "jejaring/error.h"
#include "jejaring/plugin.h"

#include <stdbool.h>

#define JJ_MODULE_TYPES_MAX 256 /* entries of publishes and of subscribes */

typedef struct jj_module jj_module;

/* Loads the shared object at path. *module is new. Errors: JJ_ECONFIG (err->file is path; the text
 * says what to do), JJ_EVERSION, JJ_EMEMORY. */
int jj_module_open(jj_module **module, const char *path, jj_error *err);

/* Unloads. Nothing that came from the plugin may be used afterwards. */
void jj_module_close(jj_module *module);

/* The descriptor, as far as this daemon knows it. Owned by the module. */
const jj_plugin *jj_module_plugin(const jj_module *module);

/* True if the plugin says that it publishes this type. */
bool jj_plugin_publishes(const jj_plugin *plugin, const char *type);

#endif

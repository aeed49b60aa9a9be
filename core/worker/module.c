#include "worker/module.h"

#include "schema/audience.h"
#include "worker/options.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct jj_module {
    void *handle;
    jj_plugin plugin; /* copy; zero behind the size that the plugin declares */
};

/* The struct of ABI 1.0 ends with `destroy`: that much every plugin has. */
#define SIZE_1_0 (offsetof(jj_plugin, destroy) + sizeof(((jj_plugin *)0)->destroy))

static bool is_word(const char *text, const char *letters, size_t max_length)
{
    size_t length = text ? strnlen(text, max_length + 1) : 0;
    return length > 0 && length <= max_length && text[0] >= 'a' && text[0] <= 'z' &&
           strspn(text, letters) == length;
}

static int check_version(const jj_plugin *plugin, jj_error *err)
{
    if (plugin->abi_major != JJ_ABI_MAJOR) {
        return jj_fail(
            err, JJ_EVERSION,
            "was built for plugin ABI %u, this daemon speaks %d: build it again with the "
            "headers of this version",
            plugin->abi_major, JJ_ABI_MAJOR);
    }
    if (plugin->size_bytes < SIZE_1_0) {
        return jj_fail(err, JJ_EVERSION,
                       "its descriptor says that it has %zu bytes, ABI %d.0 has %zu: set "
                       "size_bytes to sizeof(jj_plugin)",
                       plugin->size_bytes, JJ_ABI_MAJOR, SIZE_1_0);
    }
    return 0;
}

static int check_words(const jj_plugin *plugin, jj_error *err)
{
    if (!is_word(plugin->name, "abcdefghijklmnopqrstuvwxyz0123456789-_", 40)) {
        return jj_fail(err, JJ_ECONFIG,
                       "its descriptor has no proper name: lower-case letters, digits, - and _");
    }
    if (!plugin->version || !*plugin->version) {
        return jj_fail(err, JJ_ECONFIG, "its descriptor has no version");
    }
    if (!plugin->summary || !*plugin->summary || strchr(plugin->summary, '\n')) {
        return jj_fail(err, JJ_ECONFIG, "its descriptor has no summary of one line");
    }
    return 0;
}

/* "alumni.graduated"; for what is subscribed to also "*" and "alumni.*". */
static bool is_type(const char *text, bool wildcards)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._";
    size_t length = strnlen(text, 101);
    if (wildcards && length > 1 && strcmp(text + length - 2, ".*") == 0) {
        return strspn(text, letters) == length - 1;
    }
    return (wildcards && strcmp(text, "*") == 0) || is_word(text, letters, 100);
}

static int check_types(const char *const *types, const char *what, bool wildcards, jj_error *err)
{
    for (size_t i = 0; types && types[i]; i++) {
        if (i == JJ_MODULE_TYPES_MAX) {
            return jj_fail(err, JJ_ECONFIG, "its list `%s` does not end with NULL", what);
        }
        if (!is_type(types[i], wildcards) && strcmp(types[i], "*") != 0) {
            return jj_fail(err, JJ_ECONFIG, "entry %zu of its list `%s` is no event type", i + 1,
                           what);
        }
    }
    return 0;
}

static int check_needs(const jj_plugin *plugin, jj_error *err)
{
    for (size_t i = 0; plugin->needs && plugin->needs[i]; i++) {
        uint32_t bit = i < JJ_AUDIENCES ? jj_audience_parse(plugin->needs[i]) : 0;
        if (bit == 0 || bit == JJ_AUDIENCE_OWNER) {
            return jj_fail(err, JJ_ECONFIG, "entry %zu of its list `needs` is no audience", i + 1);
        }
    }
    return 0;
}

static int check_callbacks(const jj_plugin *plugin, jj_error *err)
{
    const char *missing = NULL;

    if (!plugin->create) {
        missing = "create";
    } else if (!plugin->destroy) {
        missing = "destroy";
    } else if (plugin->subscribes && plugin->subscribes[0] && !plugin->on_events) {
        missing = "on_events, though it subscribes to events";
    } else if (plugin->resume && !plugin->batch) {
        missing = "batch, which belongs to resume";
    }
    return missing ? jj_fail(err, JJ_ECONFIG, "it lacks the callback %s", missing) : 0;
}

static int judge(const jj_plugin *plugin, jj_error *err)
{
    int rc = check_words(plugin, err);
    rc = rc ? rc : check_types(plugin->publishes, "publishes", false, err);
    rc = rc ? rc : check_types(plugin->subscribes, "subscribes", true, err);
    rc = rc ? rc : check_needs(plugin, err);
    rc = rc ? rc : check_callbacks(plugin, err);
    return rc ? rc : jj_options_check_table(plugin->options, err);
}

/* dlerror repeats the path in front of what is wrong; the caller's message names the file already.
 */
static int load(jj_module *module, const char *path, jj_error *err)
{
    module->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module->handle) {
        const char *text = dlerror();
        size_t length = strlen(path);
        text = text ? text : "unknown reason";
        if (strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0) {
            text += length + 2;
        }
        return jj_fail(err, JJ_ECONFIG, "cannot be loaded: %s", text);
    }
    const jj_plugin *found = dlsym(module->handle, JJ_PLUGIN_SYMBOL);
    if (!found) {
        return jj_fail(err, JJ_ECONFIG,
                       "is no plugin: it does not export the symbol " JJ_PLUGIN_SYMBOL);
    }
    int rc = check_version(found, err);
    if (rc) {
        return rc;
    }
    size_t known =
        found->size_bytes < sizeof module->plugin ? found->size_bytes : sizeof module->plugin;
    memcpy(&module->plugin, found, known);
    return judge(&module->plugin, err);
}

int jj_module_open(jj_module **module, const char *path, jj_error *err)
{
    jj_module *new = calloc(1, sizeof *new);
    if (!new) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    int rc = load(new, path, err);
    if (rc) {
        jj_module_close(new);
        if (err) {
            snprintf(err->file, sizeof err->file, "%s", path);
        }
        return rc;
    }
    *module = new;
    return 0;
}

void jj_module_close(jj_module *module)
{
    if (!module) {
        return;
    }
    if (module->handle) {
        dlclose(module->handle);
    }
    free(module);
}

const jj_plugin *jj_module_plugin(const jj_module *module)
{
    return &module->plugin;
}

bool jj_plugin_publishes(const jj_plugin *plugin, const char *type)
{
    for (size_t i = 0; plugin->publishes && plugin->publishes[i]; i++) {
        if (strcmp(plugin->publishes[i], type) == 0) {
            return true;
        }
    }
    return false;
}

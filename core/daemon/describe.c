#include "daemon/describe.h"

#include "worker/module.h"
#include "worker/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_types(const char *what, const char *const *types)
{
    printf("%s:", what);
    for (size_t i = 0; types && types[i]; i++) {
        printf(" %s", types[i]);
    }
    puts(types && types[0] ? "" : " nothing");
}

static void print_option(const jj_option *option)
{
    printf("  %-20s %s", option->name, jj_option_type_name(option->type));
    if (option->min || option->max) {
        printf(", %" PRId64 " to %" PRId64, option->min, option->max);
        if (option->type == JJ_OPTION_DURATION) {
            fputs(" ms", stdout);
        }
    }
    if (option->required) {
        fputs(", required", stdout);
    }
    if (option->initial) {
        printf(", default %s", *option->initial ? option->initial : "\"\"");
    }
    printf("\n  %-20s %s\n", "", option->doc);
}

static void print_plugin(const jj_plugin *plugin)
{
    printf("%s %s: %s\n", plugin->name, plugin->version, plugin->summary);
    printf("plugin ABI: %u.%u\n", plugin->abi_major, plugin->abi_minor);
    print_types("publishes", plugin->publishes);
    print_types("subscribes to", plugin->subscribes);
    if (plugin->needs && plugin->needs[0]) {
        print_types("needs the audience", plugin->needs);
    }
    if (plugin->resume) {
        puts("keeps its own cursor");
    }
    puts(plugin->options && plugin->options[0].name ? "options:" : "options: none");
    for (size_t i = 0; plugin->options && plugin->options[i].name; i++) {
        print_option(&plugin->options[i]);
    }
}

int jj_describe_plugin(const char *path)
{
    jj_module *module = NULL;
    jj_error err = {0};
    /* dlopen would look for a bare name in the system's folders. */
    char *absolute = realpath(path, NULL);

    if (!absolute) {
        perror(path);
        return EXIT_FAILURE;
    }
    int rc = jj_module_open(&module, absolute, &err);
    if (rc) {
        fprintf(stderr, "%s: %s\n", path, err.text);
    } else {
        print_plugin(jj_module_plugin(module));
        jj_module_close(module);
    }
    free(absolute);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

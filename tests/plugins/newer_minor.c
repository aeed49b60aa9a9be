/* Built for a later minor version, whose descriptor has a field more: it must load. */
#define SAMPLE_OWN_DESCRIPTOR
#include "sample.h"

typedef struct later_plugin {
    jj_plugin plugin;
    void (*later)(void);
} later_plugin;

JJ_API extern const later_plugin later __asm__(JJ_PLUGIN_SYMBOL);

const later_plugin later = {
    .plugin = {.abi_major = JJ_ABI_MAJOR,
               .abi_minor = JJ_ABI_MINOR + 1,
               .size_bytes = sizeof(later_plugin),
               .name = "newer-minor",
               .version = "1",
               .summary = "sample of the tests",
               .create = sample_create,
               .destroy = sample_destroy},
};

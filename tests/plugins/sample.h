/*
 * What the sample plugins of the tests share: the shortest descriptor that the daemon accepts, of
 * which each sample then spoils one thing.
 */
#ifndef JJ_TESTS_SAMPLE_H
#define JJ_TESTS_SAMPLE_H

#include <jejaring/plugin.h>

static inline int sample_create(const jj_host *host, const jj_value *values, void **self,
                                jj_error *err)
{
    (void)values;
    (void)err;
    *self = (void *)(uintptr_t)host;
    return 0;
}

static inline void sample_destroy(void *self)
{
    (void)self;
}

#define SAMPLE_HEAD                                                                                \
    .abi_major = JJ_ABI_MAJOR, .abi_minor = JJ_ABI_MINOR, .size_bytes = sizeof(jj_plugin),         \
    .version = "1", .summary = "sample of the tests"

#ifndef SAMPLE_OWN_DESCRIPTOR
JJ_API extern const jj_plugin jejaring_plugin;
#endif

#endif

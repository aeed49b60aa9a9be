/* Needs a function that nobody has: it must fail when it is loaded, not in the middle of work. */
#include "sample.h"

extern int nobody_has_this(void);

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    return nobody_has_this() ? sample_create(host, values, self, err) : -1;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "unresolved",
    .create = create,
    .destroy = sample_destroy,
};

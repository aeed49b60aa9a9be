/* Keeps its instance in a global: that of the second one is the first's, and is freed twice. */
#include "sample.h"

#include <stdlib.h>

static char *shared;
static int alive;

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    (void)host;
    (void)values;
    if (alive++ == 0 && !(shared = malloc(64))) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    *self = shared;
    return 0;
}

static void destroy(void *self)
{
    alive -= self != NULL;
    free(self);
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,
    .name = "double-destroy",
    .create = create,
    .destroy = destroy,
};

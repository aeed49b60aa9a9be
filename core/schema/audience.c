#include "schema/audience.h"

#include <string.h>

/* In order of their bits. */
static const char *const names[JJ_AUDIENCES + 1] = {
    "blk", "industry", "cooperative", "capital", "disability",
    "opd", "province", "public",      "owner",   "node",
};

uint32_t jj_audience_parse(const char *name)
{
    for (unsigned i = 0; i < JJ_AUDIENCES; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

const char *jj_audience_name(uint32_t bit)
{
    for (unsigned i = 0; i < JJ_AUDIENCES; i++) {
        if (bit == 1U << i) {
            return names[i];
        }
    }
    return NULL;
}

const char *const *jj_audience_names(void)
{
    return names;
}

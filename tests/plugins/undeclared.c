/* Publishes a type that its descriptor does not declare, and exits unless that is refused. */
#include "sample.h"

#include <stdlib.h>

static const char *const types[] = {"batch.closed", NULL};

static int start(void *self, jj_error *err)
{
    const jj_host *host = self;
    json_t *data = json_pack("{s:s}", "date", "2024-01-01");
    const jj_draft draft = {.type = "alumni.graduated", .key = "1", .data = data};
    int rc = host->publish(host, &draft, err);

    json_decref(data);
    host->log(host, JJ_LOG_NOTICE, "publishing alumni.graduated was answered with %s",
              rc == JJ_EFORBIDDEN ? "forbidden" : "something else");
    return rc == JJ_EFORBIDDEN ? 0 : JJ_EINVALID;
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,    .name = "undeclared",      .publishes = types, .create = sample_create,
    .start = start, .destroy = sample_destroy,
};

/* Publishes before it is there. */
#include "sample.h"

static const char *const types[] = {"vacancy.closed", NULL};

static int create(const jj_host *host, const jj_value *values, void **self, jj_error *err)
{
    json_t *data = json_object();
    const jj_draft draft = {.type = "vacancy.closed", .data = data};
    host->publish(host, &draft, NULL);
    json_decref(data);
    return sample_create(host, values, self, err);
}

const jj_plugin jejaring_plugin = {
    SAMPLE_HEAD,      .name = "early-publish",   .publishes = types,
    .create = create, .destroy = sample_destroy,
};

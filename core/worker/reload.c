/* New options for a plugin that can take them while it runs. */
#include "worker/internal.h"

#include "base/log.h"

#include <unistd.h>

static int read_config(jj_worker *worker, const jj_config **config, jj_error *err)
{
    jj_buf text = {0};
    jj_findings findings = {0};
    /* The open file is shared with everybody who has been handed it: a read position of our own
     * comes with reading at an offset only. */
    off_t size = lseek(worker->link.config_fd, 0, SEEK_END);
    int rc = size < 0 ? jj_fail_errno(err, JJ_ESYSTEM, "the new configuration") : 0;

    if (rc == 0 && !jj_buf_reserve(&text, (size_t)size + 1)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    if (rc == 0) {
        ssize_t got = pread(worker->link.config_fd, text.data, (size_t)size, 0);
        rc = got == size ? 0 : jj_fail_errno(err, JJ_ESYSTEM, "the new configuration");
    }
    if (rc == 0 &&
        jj_config_parse(config, worker->config->file, text.data, (size_t)size, &findings)) {
        rc = jj_findings_first(&findings, err);
    }
    jj_findings_clear(&findings);
    jj_buf_clear(&text);
    return rc;
}

/* Reads the instance's options out of a configuration. On an error they are cleared. */
static int read_options(jj_worker *worker, const jj_config *config, jj_options *options,
                        jj_error *err)
{
    const jj_plugin_config *instance = jj_config_plugin(config, worker->instance->name);
    jj_findings findings = {0};
    int rc = instance ? 0 : jj_fail(err, JJ_ECONFIG, "the instance is not in it");

    if (rc == 0) {
        jj_options_read(options, worker->plugin->options, config, instance, &findings);
        rc = jj_findings_total(&findings) ? jj_findings_first(&findings, err) : 0;
    }
    if (rc) {
        jj_options_clear(options);
    }
    jj_findings_clear(&findings);
    return rc;
}

void jj_worker_reload(jj_worker *worker)
{
    const jj_config *config = NULL;
    jj_options options = {0};
    jj_error err = {0};

    int rc = read_config(worker, &config, &err);
    rc = rc ? rc : read_options(worker, config, &options, &err);
    if (rc == 0) {
        rc = worker->plugin->reload ? worker->plugin->reload(worker->self, options.values, &err)
                                    : jj_fail(&err, JJ_EINVALID, "it has no `reload`");
        /* The values before stay where they are until the plugin has let go of them. */
        jj_options_clear(&worker->options);
        jj_config_free(worker->reloaded);
        worker->options = options;
        worker->reloaded = config;
    } else {
        jj_config_free(config);
    }
    close(worker->link.config_fd);
    worker->link.config_fd = -1;
    if (rc) {
        jj_log_error(JJ_ERROR, "the new options are not taken while running", &err);
        worker->failed = true;
        return;
    }
    jj_worker_settle(worker);
    jj_log(JJ_INFO, "took its new options");
}

/* keys: secrets of a node or an agency, made once and never overwritten. */
#include "ctl/commands.h"

#include "base/fs.h"
#include "event/secret.h"
#include "wire/wire.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int jj_ctl_keys_new(jj_ctl *ctl)
{
    jj_error err = {0};
    const char *path = ctl->args[0];
    if (jj_key_new(path, &err)) {
        return jj_ctl_fail(NULL, &err);
    }
    if (ctl->json) {
        return jj_ctl_print_json(json_pack("{s:s}", "file", path));
    }
    puts(path);
    jj_ctl_say("A new person key, readable by its owner only. Keep a copy where no machine is:\n"
               "without it nobody's events can be joined any more. It must be the same on every\n"
               "node of the province, and no two provinces share one.\n"
               "  next: name it in the configuration, person_key: %s",
               path);
    return JJ_EXIT_OK;
}

/* A new file of mode 0600; never one that is there. */
static int write_new(const char *path, const char *text, jj_error *err)
{
    size_t size = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return jj_fail_errno(err, JJ_ESYSTEM, "%s cannot be made", path);
    }
    bool written = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    if (close(fd) || !written) {
        return jj_fail_errno(err, JJ_ESYSTEM, "%s cannot be written", path);
    }
    return 0;
}

/* A CURVE pair: the secret half to the file, the public one to stdout. */
static int make_pair(jj_ctl *ctl, const char *advice)
{
    jj_error err = {0};
    char public_key[JJ_Z85_SIZE], secret_key[JJ_Z85_SIZE + 1];
    const char *path = ctl->args[0];
    int rc = jj_curve_pair(public_key, secret_key, &err);
    if (rc == 0) {
        strcat(secret_key, "\n");
        rc = write_new(path, secret_key, &err);
    }
    explicit_bzero(secret_key, sizeof secret_key);
    if (rc) {
        return jj_ctl_fail(NULL, &err);
    }
    if (ctl->json) {
        return jj_ctl_print_json(json_pack("{s:s, s:s}", "file", path, "public_key", public_key));
    }
    puts(public_key);
    jj_ctl_say("The secret key is in %s; the line above is the public one.\n%s", path, advice);
    return JJ_EXIT_OK;
}

int jj_ctl_keys_pair(jj_ctl *ctl)
{
    return make_pair(ctl, "The secret one stays with the agency.\n"
                          "  next: the node's administrator gives the public one to\n"
                          "  `jejaringctl agency add ID --public-key ...`");
}

int jj_ctl_keys_curve(jj_ctl *ctl)
{
    return make_pair(ctl,
                     "Agencies know this hub by the public one. Who holds the secret one can\n"
                     "pretend to be this node, and without it every agency needs a new bundle:\n"
                     "keep a copy where no machine is.\n"
                     "  next: name it in the configuration, server_key, and let the daemon's user\n"
                     "  own it; it counts from the daemon's next start on");
}

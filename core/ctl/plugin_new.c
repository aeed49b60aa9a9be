/* plugin new: a plugin to begin with, outside of this tree. The texts stand in plugin_texts.c. */
#include "ctl/plugin_new.h"
#include "base/buf.h"
#include "base/fs.h"
#include "ctl/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_LENGTH 40
#define TYPE_MAX_LENGTH 60

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";

/* A name that is a C identifier, too. */
static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= NAME_MAX_LENGTH && strchr(lower, name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

/* "voucher.granted". */
static bool is_type(const char *type)
{
    size_t length = strlen(type);
    const char *dot = strchr(type, '.');
    return length <= TYPE_MAX_LENGTH && dot && dot != type && dot[1] && strchr(lower, type[0]) &&
           strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789._") == length;
}

/* A text in which @NAME@ and @TYPE@ stand for the words; a line that begins with @+ is only there
 * with a type of its own, one with @- only without. */
static void fill(jj_buf *out, const char *text, const char *name, const char *type)
{
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t length = end ? (size_t)(end - text) + 1 : strlen(text);
        const char *line = text, *stop = text + length;
        bool optional = strncmp(line, "@+", 2) == 0 || strncmp(line, "@-", 2) == 0;
        bool wanted = !optional || (line[1] == '+') == (type != NULL);
        line += optional ? 2 : 0;
        while (wanted && line < stop) {
            if (strncmp(line, "@NAME@", 6) == 0) {
                jj_buf_puts(out, name);
                line += 6;
            } else if (strncmp(line, "@TYPE@", 6) == 0) {
                jj_buf_puts(out, type ? type : "");
                line += 6;
            } else {
                jj_buf_putc(out, *line++);
            }
        }
        text = stop;
    }
}

static int write_one(const char *folder, const jj_plugin_text *one, const char *name,
                     const char *type, jj_error *err)
{
    jj_buf text = {0}, file = {0};

    fill(&file, one->file, name, type);
    fill(&text, one->text, name, type);
    char *path = file.data ? jj_path_join(folder, file.data) : NULL;
    int rc = path && !text.failed ? jj_file_create(path, text.data, text.size, 0644, err)
                                  : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(path);
    jj_buf_clear(&text);
    jj_buf_clear(&file);
    return rc;
}

static int write_all(const char *folder, const char *name, const char *type, jj_error *err)
{
    int rc = jj_mkdir_all(folder, 0755, err);

    for (const jj_plugin_text *one = jj_plugin_texts; one->file && rc == 0; one++) {
        if (type || !one->with_type) {
            rc = write_one(folder, one, name, type, err);
        }
    }
    return rc;
}

int jj_ctl_plugin_new(jj_ctl *ctl)
{
    jj_error err = {0};
    struct stat st;
    const char *name = ctl->args[0], *folder = ctl->arg_count > 1 ? ctl->args[1] : name;
    const char *type = jj_ctl_option(ctl, "schema");

    if (!is_name(name)) {
        return jj_ctl_misused(ctl, "\"%s\" is no name for a plugin: lower-case letters, digits, _",
                              name);
    }
    if (type && !is_type(type)) {
        return jj_ctl_misused(ctl, "\"%s\" is no event type: two words, as in voucher.granted",
                              type);
    }
    if (stat(folder, &st) == 0) {
        jj_fail(&err, JJ_ECONFLICT, "is there already");
        return jj_ctl_fail(folder, &err);
    }
    if (write_all(folder, name, type, &err)) {
        return jj_ctl_fail(folder, &err);
    }
    printf("%s: a plugin that counts graduates%s.\nnext: cd %s && make test\n", folder,
           type ? " and publishes an event of its own" : "", folder);
    return JJ_EXIT_OK;
}

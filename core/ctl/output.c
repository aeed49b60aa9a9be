#include "ctl/output.h"

#include "base/fs.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const formats[] = {"table", "json", "csv", "xlsx", NULL};

static int format_of(const jj_ctl *ctl, const char *file, enum jj_format *format)
{
    const char *word = jj_ctl_option(ctl, "format");
    const char *ending = file ? strrchr(file, '.') : NULL;
    int found = -1;
    for (int i = 0; formats[i]; i++) {
        found = word && strcmp(word, formats[i]) == 0 ? i : found;
        found = !word && ending && strcasecmp(ending + 1, formats[i]) == 0 ? i : found;
    }
    if (word && found < 0) {
        const char *nearest = jj_closest(word, formats);
        return nearest ? jj_ctl_misused(ctl, "unknown format: %s (did you mean %s?)", word, nearest)
                       : jj_ctl_misused(ctl, "unknown format: %s", word);
    }
    *format = found >= 0 ? (enum jj_format)found : ctl->json ? JJ_FORMAT_JSON : JJ_FORMAT_TABLE;
    return JJ_EXIT_OK;
}

static int width_of_paper(bool terminal)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int64_t wanted;
    if (columns && jj_parse_i64(columns, &wanted) && wanted > 0 && wanted < 10000) {
        return (int)wanted;
    }
    return terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int jj_output_of(const jj_ctl *ctl, jj_output *output)
{
    const char *file = jj_ctl_option(ctl, "output");
    file = file && strcmp(file, "-") != 0 ? file : NULL;
    bool terminal = !file && isatty(STDOUT_FILENO);
    const char *no_colour = getenv("NO_COLOR");
    jj_output found = {.file = file,
                       .width = file ? 0 : width_of_paper(terminal),
                       .colour = terminal && !(no_colour && *no_colour)};
    int code = format_of(ctl, file, &found.format);
    if (code == 0 && found.format == JJ_FORMAT_XLSX && terminal) {
        code = jj_ctl_misused(ctl, "a workbook is no text for a terminal: name a file for it with "
                                   "-o FILE.xlsx");
    }
    if (code == 0) {
        *output = found;
    }
    return code;
}

/* A pipe or a device is written to, not replaced. */
static int write_special(const char *file, const jj_buf *data, jj_error *err)
{
    FILE *stream = fopen(file, "wbe");
    if (!stream) {
        return jj_fail_errno(err, JJ_ESYSTEM, "cannot open");
    }
    bool good = fwrite(data->data, 1, data->size, stream) == data->size;
    good = fclose(stream) == 0 && good;
    return good ? 0 : jj_fail_errno(err, JJ_ESYSTEM, "cannot write");
}

int jj_output_write(const jj_output *output, const jj_buf *data)
{
    struct stat st;
    jj_error err = {0};
    if (data->failed) {
        jj_fail(&err, JJ_EMEMORY, "out of memory while writing the report");
        return jj_ctl_fail(NULL, &err);
    }
    if (!output->file) {
        fwrite(data->data, 1, data->size, stdout);
        return jj_ctl_finish(JJ_EXIT_OK);
    }
    bool special = stat(output->file, &st) == 0 && !S_ISREG(st.st_mode);
    int rc = special ? write_special(output->file, data, &err)
                     : jj_file_write(output->file, data->data, data->size, 0600, &err);
    return rc ? jj_ctl_fail(output->file, &err) : JJ_EXIT_OK;
}

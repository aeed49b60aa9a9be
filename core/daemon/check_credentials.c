/* What the unit's LoadCredential= will hand over to a service that does not run at this moment. */
#include "daemon/check.h"

#include "base/buf.h"
#include "base/fs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The unit with all that adds to it: `systemctl show` cannot print this setting (252). */
#define ASK            "systemctl cat jejaringd.service 2>/dev/null"
#define SETTING        "LoadCredential="
#define CREDENTIAL_MAX 65536 /* ours are below 100 bytes */

/* A copy as systemd makes it: the service's user may read it, and nobody else. */
static void lend(const char *folder, uid_t user, const char *id, const char *file)
{
    jj_buf text = {0};
    char *path = strchr(id, '/') ? NULL : jj_path_join(folder, id);

    if (path && jj_file_read(file, CREDENTIAL_MAX, &text, NULL) == 0 && text.data &&
        jj_file_create(path, text.data, text.size, 0400, NULL) == 0 &&
        chown(path, user, (gid_t)-1)) {
        unlink(path);
    }
    if (text.data) {
        explicit_bzero(text.data, text.size);
    }
    jj_buf_clear(&text);
    free(path);
}

static void lend_all(FILE *answer, const char *folder, uid_t user)
{
    char line[4096];

    while (fgets(line, sizeof line, answer)) {
        bool ours = strncmp(line, SETTING, strlen(SETTING)) == 0;
        char *id = line + strlen(SETTING), *file = ours ? strchr(id, ':') : NULL;
        line[strcspn(line, "\n")] = '\0';
        if (file) {
            *file++ = '\0';
            lend(folder, user, id, file);
        }
    }
}

char *jj_check_lend(uid_t user)
{
    char folder[] = "/run/jejaring-check-XXXXXX";
    FILE *answer;

    if (access("/run/systemd/system", F_OK) || !mkdtemp(folder)) {
        return NULL; /* no systemd to ask */
    }
    answer = popen(ASK, "r");
    if (answer) {
        lend_all(answer, folder, user);
        pclose(answer);
    }
    char *made = answer && chown(folder, user, (gid_t)-1) == 0 ? strdup(folder) : NULL;
    if (!made) {
        rmdir(folder);
    }
    return made;
}

void jj_check_take_back(char *folder)
{
    DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir) {
        closedir(dir);
        rmdir(folder);
    }
    free(folder);
}

/* schema check and schema validate: the validator for anyone. */
#include "ctl/commands.h"

#include "base/buf.h"
#include "base/fs.h"
#include "schema/schema.h"
#include "json/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INSTANCE_MAX (64 * 1024 * 1024) /* bytes; what the hub takes is less */

int jj_ctl_schema_check(jj_ctl *ctl)
{
    json_t *results = json_array();
    int code = JJ_EXIT_OK;
    for (size_t i = 0; i < ctl->arg_count; i++) {
        jj_error err = {0};
        jj_schema *schema = NULL;
        int rc = jj_schema_open(&schema, ctl->args[i], &err);
        if (rc) {
            code = JJ_EXIT_CONFIG;
            jj_ctl_fail(NULL, &err);
        } else if (!ctl->json) {
            printf("%s: good\n", ctl->args[i]);
        }
        json_array_append_new(results, json_pack("{s:s, s:b, s:s, s:s, s:s}", "file", ctl->args[i],
                                                 "good", rc == 0, "at", err.file, "pointer",
                                                 err.field, "text", err.text));
        jj_schema_close(schema);
    }
    int printed = ctl->json ? jj_ctl_print_json(json_incref(results)) : JJ_EXIT_OK;
    json_decref(results);
    return code ? code : printed;
}

static json_t *report_json(const jj_report *report)
{
    json_t *problems = json_array();
    for (size_t i = 0; i < report->count && i < JJ_PROBLEMS_MAX; i++) {
        const jj_problem *problem = &report->list[i];
        json_array_append_new(problems,
                              json_pack("{s:s, s:s, s:s}", "field", problem->field, "keyword",
                                        problem->keyword, "expected", problem->expected));
    }
    return problems;
}

static void print_report(const jj_report *report)
{
    for (size_t i = 0; i < report->count && i < JJ_PROBLEMS_MAX; i++) {
        const jj_problem *problem = &report->list[i];
        printf("%s: expected %s\n", problem->field[0] ? problem->field : "(the whole)",
               problem->expected);
    }
    if (report->count > JJ_PROBLEMS_MAX) {
        printf("and %zu more\n", report->count - JJ_PROBLEMS_MAX);
    }
    if (report->exhausted) {
        puts("(the whole): takes more steps to judge than one event may");
    }
}

static int judge(jj_ctl *ctl, const jj_schema *schema, const json_t *instance)
{
    static jj_report report;
    report = (jj_report){0};
    bool valid = jj_schema_check(schema, instance, &report);
    if (ctl->json) {
        int printed = jj_ctl_print_json(
            json_pack("{s:b, s:o}", "valid", valid, "problems", report_json(&report)));
        return printed ? printed : valid ? JJ_EXIT_OK : JJ_EXIT_REJECTED;
    }
    if (!valid) {
        print_report(&report);
    } else {
        puts("valid");
    }
    return valid ? JJ_EXIT_OK : JJ_EXIT_REJECTED;
}

static int load_instance(const char *path, json_t **instance, jj_error *err)
{
    jj_buf text = {0};
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    int rc = fd < 0 ? jj_fail_errno(err, JJ_ESYSTEM, "%s cannot be read", path)
                    : jj_fd_read(fd, INSTANCE_MAX, &text, err);
    rc = rc ? rc : jj_json_load(instance, text.data ? text.data : "", text.size, INSTANCE_MAX, err);
    if (path && fd >= 0) {
        close(fd);
    }
    jj_buf_clear(&text);
    return rc;
}

int jj_ctl_schema_validate(jj_ctl *ctl)
{
    jj_error err = {0};
    jj_schema *schema = NULL;
    json_t *instance = NULL;
    const char *path = ctl->arg_count > 1 && strcmp(ctl->args[1], "-") != 0 ? ctl->args[1] : NULL;
    int code;
    if (jj_schema_open(&schema, ctl->args[0], &err)) {
        jj_ctl_fail(NULL, &err);
        return JJ_EXIT_CONFIG;
    }
    if (load_instance(path, &instance, &err)) {
        code = jj_ctl_fail(path ? path : "standard input", &err);
        code = err.code == JJ_ESYSTEM || err.code == JJ_EMEMORY ? code : JJ_EXIT_REJECTED;
    } else {
        code = judge(ctl, schema, instance);
    }
    json_decref(instance);
    jj_schema_close(schema);
    return code;
}

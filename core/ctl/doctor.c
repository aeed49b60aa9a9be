#include "ctl/doctor.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/commands.h"

#include <stdarg.h>
#include <string.h>

static const struct {
    const char *name;
    void (*look)(jj_doctor *doctor);
} checks[] = {
    {"config", jj_doctor_config},
    {"hub", jj_doctor_hub},
    {"workers", jj_doctor_workers},
    {"consumers", jj_doctor_consumers},
    {"quarantine", jj_doctor_quarantine},
    {"inbox", jj_doctor_inbox},
    {"journal", jj_doctor_journal},
    {"disk", jj_doctor_disk},
    {"keys", jj_doctor_keys},
    {"backup", jj_doctor_backup},
    {"clock", jj_doctor_clock},
    {"warehouse", jj_doctor_warehouse},
};
#define CHECKS (sizeof checks / sizeof *checks)

static void add(jj_doctor *doctor, bool wrong, const char *next, const char *format, va_list args)
{
    vsnprintf(doctor->text, sizeof doctor->text, format, args);
    json_array_append_new(doctor->findings,
                          json_pack("{s:s,s:b,s:s,s:s}", "check", doctor->check, "wrong", wrong,
                                    "text", doctor->text, "next", next));
}

void jj_doctor_wrong(jj_doctor *doctor, const char *next, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(doctor, true, next, format, args);
    va_end(args);
}

void jj_doctor_note(jj_doctor *doctor, const char *next, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(doctor, false, next, format, args);
    va_end(args);
}

const char *jj_doctor_next(jj_doctor *doctor, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(doctor->remedy, sizeof doctor->remedy, format, args);
    va_end(args);
    return doctor->remedy;
}

const char *jj_doctor_age(int64_t age_ms)
{
    static char buffers[4][32];
    static unsigned next;
    char *out = buffers[next++ % 4];
    int64_t seconds = age_ms > 0 ? age_ms / 1000 : 0;
    const char *unit = seconds >= 172800 ? "d"
                       : seconds >= 7200 ? "h"
                       : seconds >= 120  ? "min"
                                         : "s";
    int64_t size = *unit == 'd' ? 86400 : *unit == 'h' ? 3600 : *unit == 'm' ? 60 : 1;
    snprintf(out, sizeof buffers[0], "%lld %s", (long long)(seconds / size), unit);
    return out;
}

/* A check that is to be left out; false, and said, if there is none of that name. */
static bool take_skips(const json_t *skips, bool skip[CHECKS])
{
    const char *names[CHECKS + 1] = {0};
    size_t at;
    json_t *one;

    for (size_t i = 0; i < CHECKS; i++) {
        names[i] = checks[i].name;
    }
    json_array_foreach(skips, at, one)
    {
        bool known = false;
        for (size_t i = 0; i < CHECKS; i++) {
            bool same = strcmp(checks[i].name, json_string_value(one)) == 0;
            skip[i] |= same;
            known |= same;
        }
        if (!known) {
            const char *near = jj_closest(json_string_value(one), names);
            jj_ctl_say("jejaringctl: there is no check \"%s\"%s%s%s", json_string_value(one),
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
            return false;
        }
    }
    return true;
}

static int take_options(jj_doctor *doctor, bool skip[CHECKS])
{
    jj_ctl *ctl = doctor->ctl;
    const char *lag = jj_ctl_option(ctl, "lag"), *age = jj_ctl_option(ctl, "backup-age");
    json_t *skips = jj_ctl_list(ctl, "skip");
    int code = jj_ctl_number(ctl, "disk", &doctor->disk_percent);

    if (code == 0 && ((lag && !jj_parse_duration(lag, &doctor->lag_ms)) ||
                      (age && !jj_parse_duration(age, &doctor->backup_age_ms)))) {
        code = jj_ctl_misused(ctl, "a duration such as 30s, 15m, 2h or 7d is expected");
    }
    if (code == 0 && !take_skips(skips, skip)) {
        code = JJ_EXIT_USAGE;
    }
    json_decref(skips);
    return code;
}

static size_t count_wrong(const json_t *findings)
{
    size_t at, count = 0;
    json_t *one;

    json_array_foreach(findings, at, one)
    {
        count += json_is_true(json_object_get(one, "wrong"));
    }
    return count;
}

static void print(const jj_doctor *doctor, size_t looked_at)
{
    size_t at, wrong = count_wrong(doctor->findings);
    json_t *one;

    json_array_foreach(doctor->findings, at, one)
    {
        bool bad = json_is_true(json_object_get(one, "wrong"));
        printf("%s%s%s  %s: %s\n       next: %s\n", bad ? jj_ctl_red(stdout) : "",
               bad ? "wrong" : "note ", bad ? jj_ctl_plain(stdout) : "", jj_look_text(one, "check"),
               jj_look_text(one, "text"), jj_look_text(one, "next"));
    }
    if (wrong == 0) {
        printf("%s: %zu things looked at, all of them fine\n", doctor->look.config->node,
               looked_at);
    } else {
        printf("%s: %zu things looked at, %zu wrong\n", doctor->look.config->node, looked_at,
               wrong);
    }
}

int jj_ctl_doctor(jj_ctl *ctl)
{
    jj_doctor doctor = {.ctl = ctl,
                        .findings = json_array(),
                        .disk_percent = 10,
                        .lag_ms = 15 * 60 * INT64_C(1000),
                        .backup_age_ms = 7 * 86400 * INT64_C(1000),
                        .now_ms = jj_now_ms()};
    bool skip[CHECKS] = {0};
    size_t looked_at = 0;
    int code = take_options(&doctor, skip);

    code = code ? code : jj_look_take(ctl, &doctor.look);
    for (size_t i = 0; i < CHECKS && code == 0; i++) {
        if (!skip[i]) {
            doctor.check = checks[i].name;
            checks[i].look(&doctor);
            looked_at++;
        }
    }
    if (code == 0) {
        code = count_wrong(doctor.findings) ? JJ_EXIT_FAILED : JJ_EXIT_OK;
        if (ctl->json) {
            int printed = jj_ctl_print_json(json_incref(doctor.findings));
            code = code ? code : printed;
        } else {
            print(&doctor, looked_at);
        }
    }
    json_decref(doctor.findings);
    jj_look_clear(&doctor.look);
    return code;
}

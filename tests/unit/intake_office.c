#include "intake_office.h"
#include "jejaring/client.h"
#include "small_catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const regions[] = {"33", NULL};
static const char *const types[] = {"alumni.*", "vacancy.opened", "order.completed", NULL};
const jj_rights office = {.agency = "office", .regions = regions, .publishes = types};
unsigned char digest_secret[16] = {7};
jj_secrets secrets = {.node_key = {9}, .digest_key = {8}};
jj_intake intake = {.secrets = &secrets, .digest_secret = digest_secret};
jj_admitted admitted;
static jj_catalogue *catalogue;

int intake_set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < JJ_KEY_SIZE; i++) {
        secrets.person_key[i] = (unsigned char)i;
    }
    intake.catalogue = catalogue = small_catalogue();
    return jj_id_init() ? 0 : -1;
}

int intake_tear_down(void **state)
{
    (void)state;
    jj_admitted_clear(&admitted);
    jj_catalogue_close(catalogue);
    return 0;
}

static const struct {
    const char *name, *value;
} good[] = {
    {"specversion", "\"1.0\""},           {"id", "\"v-1\""},
    {"source", "\"urn:industry\""},       {"type", "\"vacancy.opened\""},
    {"time", "\"2019-07-01T00:00:00Z\""}, {"region", "\"33.75\""},
    {"subject", "\"" OTHER "\""},         {"data", "{\"title\":\"Montir\"}"},
};

void event_with(jj_buf *out, const char *name, const char *value)
{
    bool replaced = false;
    jj_buf_reset(out);
    jj_buf_puts(out, "{\"first\":0");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bool same = strcmp(good[i].name, name) == 0;
        replaced = replaced || same;
        if (!same || value) {
            jj_buf_printf(out, ",\"%s\":%s", good[i].name, same ? value : good[i].value);
        }
    }
    if (!replaced && value) {
        jj_buf_printf(out, ",\"%s\":%s", name, value);
    }
    jj_buf_putc(out, '}');
}

void assert_refused_text(const char *event, size_t size, int code, const char *field,
                         const char *says)
{
    jj_error err = {0};
    int rc = jj_intake_admit(&intake, &office, event, size, 0, &admitted, &err);
    if (rc != code ||
        (code && (err.code != code || strcmp(err.field, field) != 0 || !strstr(err.text, says)))) {
        fail_msg("%.*s\nexpected %s at \"%s\": ...%s...\n    came %s at \"%s\": %s",
                 size < 400 ? (int)size : 400, event, jj_code_name(code), field, says,
                 jj_code_name(rc), rc ? err.field : "", rc ? err.text : "");
    }
}

void assert_refused(const char *name, const char *value, int code, const char *field,
                    const char *says)
{
    jj_buf event = {0};
    event_with(&event, name, value);
    assert_refused_text(event.data, event.size, code, field, says);
    jj_buf_clear(&event);
}

void assert_accepted(const char *name, const char *value)
{
    assert_refused(name, value, 0, "", "");
}

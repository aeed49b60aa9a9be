/*
 * Events on their way through a worker: as a plugin gets them, as it wants them published, and as
 * one commit carries them.
 */
#include "base/buf.h"
#include "base/id.h"
#include "event/key.h"
#include "worker/delivery.h"
#include "worker/draft.h"
#include "worker/staged.h"
#include "json/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Delivery ----------------------------------------------------------------------------- */

static jj_bytes bytes(const char *text)
{
    return (jj_bytes){text, strlen(text)};
}

static void deliver(jj_delivery *delivery, const jj_bytes *events, size_t count, uint64_t cursor)
{
    jj_reply reply = {.events = events, .event_count = count};
    jj_delivery_add(delivery, &reply, cursor);
    assert_null(reply.events);
}

static void attributes_are_given_unescaped(void **state)
{
    (void)state;
    const jj_bytes texts[] = {
        bytes("{\"specversion\":\"1.0\",\"id\":\"a\\\"b\",\"source\":\"/x/\\u00e9\",\"type\":"
              "\"batch.closed\",\"time\":\"2024-01-02T03:04:05.006Z\",\"region\":\"33.75\","
              "\"data\":{\"id\":\"not this one\",\"n\":0.1},\"cause\":\"c\"}"),
    };
    unsigned char key[16];
    jj_delivery d = {.after = 4};
    deliver(&d, texts, 1, 9);
    assert_int_equal(jj_delivery_parse(&d, NULL), 0);

    const jj_event *event = &d.events[0];
    assert_string_equal(event->id, "a\"b");
    assert_string_equal(event->source, "/x/\xc3\xa9");
    assert_string_equal(event->type, "batch.closed");
    assert_string_equal(event->region, "33.75");
    assert_string_equal(event->cause, "c");
    assert_null(event->subject);
    assert_null(event->recipient);
    assert_int_equal(event->time_ms, 1704164645006);
    jj_event_key(event->time_ms, event->source, strlen(event->source), "a\"b", 3, key);
    assert_memory_equal(event->key, key, 16);
    assert_ptr_equal(event->text, texts[0].data);
    assert_int_equal(d.cursor, 9);
    jj_delivery_clear(&d);
}

static void data_is_parsed_on_demand_and_kept(void **state)
{
    (void)state;
    const jj_bytes texts[] = {
        bytes("{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"time\":\"2024-01-01T00:00:00Z\","
              "\"data\":{\"name\":\"x\"}}"),
        bytes("{\"id\":\"2\",\"source\":\"s\",\"type\":\"t\",\"time\":\"2024-01-01T00:00:00Z\"}"),
    };
    const jj_event foreign = {.text = "{}", .size_bytes = 2};
    jj_delivery d = {0};
    deliver(&d, texts, 1, 1);
    deliver(&d, texts + 1, 1, 2);
    assert_int_equal(jj_delivery_parse(&d, NULL), 0);
    assert_int_equal(d.count, 2);

    const json_t *data = jj_delivery_data(&d, &d.events[0]);
    assert_string_equal(jj_json_string(data, "name"), "x");
    assert_ptr_equal(jj_delivery_data(&d, &d.events[0]), data);
    assert_null(jj_delivery_data(&d, &d.events[1]));
    assert_null(jj_delivery_data(&d, &foreign));
    jj_delivery_clear(&d);
}

static void an_envelope_that_cannot_be_read_is_left_out(void **state)
{
    (void)state;
    const char *broken[] = {
        "{}",
        "",
        "{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"time\":\"yesterday\"}",
        "{\"id\":1,\"source\":\"s\",\"type\":\"t\",\"time\":\"2024-01-01T00:00:00Z\"}",
        "{\"id\":\"1\",\"type\":\"t\",\"time\":\"2024-01-01T00:00:00Z\"}",
        "{\"id\":\"a\\u0000b\",\"source\":\"s\",\"type\":\"t\",\"time\":\"2024-01-01T00:00:00Z\"}",
        "{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"time\":\"2024-01-01T00:00:00Z",
    };
    jj_bytes good = bytes("{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"time\":"
                          "\"2024-01-01T00:00:00Z\",\"data\":{}}");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        jj_bytes texts[] = {bytes(broken[i]), good};
        jj_delivery d = {0};
        deliver(&d, texts, 2, 1);
        assert_int_equal(jj_delivery_parse(&d, NULL), 0);
        if (d.count != 1 || d.unreadable != 1 || d.events[0].text != good.data) {
            fail_msg("%s: expected to be left out, came %zu events", broken[i], d.count);
        }
        assert_non_null(jj_delivery_data(&d, &d.events[0]));
        jj_delivery_clear(&d);
    }
}

/* ---- Drafts ------------------------------------------------------------------------------- */

static const jj_origin origin = {"pekalongan", "industry", "33.75"};

static const jj_event cause = {.id = "c-1",
                               .source = "/pekalongan/blk",
                               .type = "alumni.graduated",
                               .region = "33.26",
                               .time_ms = 1704067200000};

static json_t *written(const jj_draft *draft, int64_t now_ms)
{
    jj_buf text = {0};
    json_t *event = NULL;
    jj_error err = {0};
    if (jj_draft_write(draft, &origin, now_ms, &text, &err)) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(jj_json_load(&event, text.data, text.size, JJ_FRAME_MAX, NULL), 0);
    jj_buf_clear(&text);
    return event;
}

static void assert_text(const json_t *event, const char *name, const char *expected)
{
    const char *came = jj_json_string(event, name);
    if (!came || strcmp(came, expected) != 0) {
        fail_msg("%s: expected %s, came %s", name, expected, came ? came : "nothing");
    }
}

static void a_reaction_takes_time_and_region_from_its_cause(void **state)
{
    (void)state;
    json_t *data = json_pack("{s:i}", "rank", 1);
    json_t *event = written(&(jj_draft){.type = "placement.proposed",
                                        .subject = "p",
                                        .key = "k",
                                        .cause = &cause,
                                        .data = data},
                            5);
    assert_text(event, "specversion", "1.0");
    assert_text(event, "source", "/pekalongan/industry");
    assert_text(event, "type", "placement.proposed");
    assert_text(event, "time", "2024-01-01T00:00:00Z");
    assert_text(event, "region", "33.26");
    assert_text(event, "subject", "p");
    assert_text(event, "cause", "c-1");
    assert_null(json_object_get(event, "recipient"));
    assert_true(json_equal(json_object_get(event, "data"), data));
    json_decref(event);
    json_decref(data);
}

static void what_the_draft_says_goes_before_the_cause(void **state)
{
    (void)state;
    json_t *data = json_object();
    json_t *event = written(&(jj_draft){.type = "t",
                                        .cause = &cause,
                                        .region = "35.22",
                                        .recipient = "bank",
                                        .time_ms = 1500,
                                        .data = data},
                            5);
    assert_text(event, "time", "1970-01-01T00:00:01.500Z");
    assert_text(event, "region", "35.22");
    assert_text(event, "recipient", "bank");
    json_decref(event);
    event = written(&(jj_draft){.type = "t", .key = "k", .data = data}, 1000);
    assert_text(event, "time", "1970-01-01T00:00:01Z");
    assert_text(event, "region", "33.75");
    assert_null(json_object_get(event, "cause"));
    json_decref(event);
    json_decref(data);
}

static void same_id(const jj_draft *a, const jj_draft *b, bool same)
{
    json_t *x = written(a, 1), *y = written(b, 2);
    assert_int_equal(strcmp(jj_json_string(x, "id"), jj_json_string(y, "id")) == 0, same);
    json_decref(x);
    json_decref(y);
}

static void the_id_is_made_from_cause_type_and_key(void **state)
{
    (void)state;
    json_t *data = json_object();
    const jj_event other = {.id = "c-2", .source = "/pekalongan/blk", .time_ms = 7};
    const jj_draft base = {.type = "t", .key = "k", .cause = &cause, .data = data};
    jj_draft again = base, key = base, type = base, elsewhere = base, own = base;
    again.subject = "someone";
    key.key = "l";
    type.type = "u";
    elsewhere.cause = &other;
    own.cause = NULL;
    same_id(&base, &again, true);
    same_id(&base, &key, false);
    same_id(&base, &type, false);
    same_id(&base, &elsewhere, false);
    same_id(&base, &own, false);
    same_id(&own, &own, true);
    json_decref(data);
}

static void drafts_that_can_be_no_event_are_refused(void **state)
{
    (void)state;
    json_t *data = json_object(), *list = json_array(), *large = json_object();
    char *text = malloc(JJ_FRAME_MAX + 1);
    const jj_event nameless = {.type = "t"};
    memset(text, 'x', JJ_FRAME_MAX);
    text[JJ_FRAME_MAX] = '\0';
    json_object_set_new(large, "text", json_string(text));
    const struct {
        jj_draft draft;
        int code;
    } cases[] = {
        {{.key = "k", .data = data}, JJ_EINVALID},
        {{.type = "t", .key = "k"}, JJ_EINVALID},
        {{.type = "t", .key = "k", .data = list}, JJ_EINVALID},
        {{.type = "t", .data = data}, JJ_EINVALID},
        {{.type = "t", .cause = &nameless, .data = data}, JJ_EINVALID},
        {{.type = "t", .key = "k", .data = large}, JJ_ETOO_LARGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jj_buf out = {0};
        assert_int_equal(jj_draft_write(&cases[i].draft, &origin, 1, &out, NULL), cases[i].code);
        jj_buf_clear(&out);
    }
    free(text);
    json_decref(data);
    json_decref(list);
    json_decref(large);
}

static void decimal_numbers_are_written_as_they_were_meant(void **state)
{
    (void)state;
    jj_buf out = {0};
    json_t *data = json_pack("{s:f}", "score", 87.3);
    assert_int_equal(
        jj_draft_write(&(jj_draft){.type = "t", .key = "k", .data = data}, &origin, 1, &out, NULL),
        0);
    assert_non_null(strstr(out.data, "\"score\":87.3}"));
    jj_buf_clear(&out);
    json_decref(data);
}

/* ---- One commit --------------------------------------------------------------------------- */

static void a_commit_carries_cursor_state_and_rejections(void **state)
{
    (void)state;
    jj_staged staged = {0};
    jj_state *entries = jj_state_new();
    jj_buf out = {0}, event = {0};
    const unsigned char key[16] = {0xab, 1};
    uint64_t cursor = 18446744073709551615u;

    assert_false(jj_staged_any(&staged, entries));
    jj_state_load(entries, "gone", "1");
    jj_state_delete(entries, "gone");
    jj_state_put(entries, "a\"", "{\"x\":1}");
    assert_true(jj_staged_any(&staged, entries));
    jj_buf_puts(&event, "{}");
    assert_int_equal(jj_staged_add(&staged, &event), 0);
    assert_null(event.data);
    assert_int_equal(jj_staged_reject(&staged, key, "why"), 0);
    assert_int_equal(jj_staged_reject(&staged, key, "twice"), 0);
    assert_int_equal(jj_staged_options(&staged, entries, "main", &cursor, &out, NULL), 0);
    assert_string_equal(out.data,
                        "{\"name\":\"main\",\"cursor\":\"18446744073709551615\",\"state\":{"
                        "\"a\\\"\":\"{\\\"x\\\":1}\",\"gone\":null},\"rejected\":[{\"key\":"
                        "\"ab010000000000000000000000000000\",\"reason\":\"why\"}]}");
    jj_staged_reset(&staged);
    jj_state_keep(entries);
    assert_int_equal(jj_staged_options(&staged, entries, "main", NULL, &out, NULL), 0);
    assert_string_equal(out.data, "{\"name\":\"main\"}");
    jj_staged_clear(&staged);
    jj_state_free(entries);
    jj_buf_clear(&out);
}

static void many_rejections_are_told_in_several_commits(void **state)
{
    (void)state;
    enum {
        COUNT = 20000
    };
    jj_staged staged = {0};
    jj_state *entries = jj_state_new();
    jj_buf out = {0};
    unsigned char key[16] = {0};
    bool seen[COUNT] = {0};
    unsigned parts = 0, told = 0;
    bool more = true;

    for (unsigned i = 0; i < COUNT; i++) {
        memcpy(key, &i, sizeof i);
        assert_int_equal(jj_staged_reject(&staged, key, "the \"reason\" why it is put aside"), 0);
    }
    while (more) {
        more = jj_staged_report(&staged, "main", &out);
        if (!more) {
            assert_int_equal(jj_staged_options(&staged, entries, "main", NULL, &out, NULL), 0);
        }
        assert_in_range(out.size, 1, JJ_FRAME_MAX);
        json_t *options = json_loadb(out.data, out.size, 0, NULL);
        const json_t *list = json_object_get(options, "rejected"), *one;
        size_t at;
        assert_string_equal(json_string_value(json_object_get(options, "name")), "main");
        json_array_foreach(list, at, one)
        {
            unsigned number;
            const char *hex = json_string_value(json_object_get(one, "key"));
            assert_true(jj_unhex(hex, 32, key, sizeof key));
            memcpy(&number, key, sizeof number);
            assert_in_range(number, 0, COUNT - 1);
            assert_false(seen[number]);
            seen[number] = true;
            told++;
        }
        json_decref(options);
        parts++;
    }
    assert_int_equal(told, COUNT);
    assert_in_range(parts, 3, 6);
    jj_staged_clear(&staged);
    jj_state_free(entries);
    jj_buf_clear(&out);
}

static void more_than_one_commit_can_carry_is_refused(void **state)
{
    (void)state;
    jj_staged staged = {0};
    jj_state *entries = jj_state_new();
    jj_buf out = {0}, event = {0};
    char *value = malloc(JJ_STATE_VALUE_MAX + 1), key[16];

    for (size_t i = 0; i <= JJ_EVENTS_MAX; i++) {
        assert_int_equal(jj_staged_options(&staged, entries, "main", NULL, &out, NULL), 0);
        jj_buf_puts(&event, "{}");
        assert_int_equal(jj_staged_add(&staged, &event), 0);
    }
    assert_int_equal(jj_staged_options(&staged, entries, "main", NULL, &out, NULL), JJ_ETOO_LARGE);
    jj_staged_reset(&staged);

    memset(value, 'v', JJ_STATE_VALUE_MAX);
    value[JJ_STATE_VALUE_MAX - 2] = '\0';
    for (int i = 0; i < 3; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(jj_state_put(entries, key, value), 0);
    }
    assert_int_equal(jj_staged_options(&staged, entries, "main", NULL, &out, NULL), JJ_ETOO_LARGE);
    free(value);
    jj_staged_clear(&staged);
    jj_state_free(entries);
    jj_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_given_unescaped),
        cmocka_unit_test(data_is_parsed_on_demand_and_kept),
        cmocka_unit_test(an_envelope_that_cannot_be_read_is_left_out),
        cmocka_unit_test(a_reaction_takes_time_and_region_from_its_cause),
        cmocka_unit_test(what_the_draft_says_goes_before_the_cause),
        cmocka_unit_test(the_id_is_made_from_cause_type_and_key),
        cmocka_unit_test(drafts_that_can_be_no_event_are_refused),
        cmocka_unit_test(decimal_numbers_are_written_as_they_were_meant),
        cmocka_unit_test(a_commit_carries_cursor_state_and_rejections),
        cmocka_unit_test(many_rejections_are_told_in_several_commits),
        cmocka_unit_test(more_than_one_commit_can_carry_is_refused),
    };
    return jj_id_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}

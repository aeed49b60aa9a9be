/*
 * Views: what each reader sees of an event, property by property.
 */
#include "event/view.h"
#include "schema/audience.h"
#include "small_catalogue.h"
#include "json/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BLK        JJ_AUDIENCE_BLK
#define INDUSTRY   JJ_AUDIENCE_INDUSTRY
#define DISABILITY JJ_AUDIENCE_DISABILITY
#define PROVINCE   JJ_AUDIENCE_PROVINCE
#define PUBLIC     JJ_AUDIENCE_PUBLIC
#define OWNER      JJ_AUDIENCE_OWNER

static const char *const here[] = {"33.75", NULL};
static const char *const elsewhere[] = {"33.76", "34", NULL};
static jj_catalogue *catalogue;

static int set_up(void **state)
{
    (void)state;
    catalogue = small_catalogue();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    jj_catalogue_close(catalogue);
    return 0;
}

static const jj_type *type_named(const char *name)
{
    const jj_type *type = jj_catalogue_find(catalogue, name, strlen(name));
    assert_non_null(type);
    return type;
}

static jj_rights reader(uint32_t audiences)
{
    return (jj_rights){.agency = "reader", .audiences = audiences, .regions = here};
}

static jj_record record_of(const char *text)
{
    return (jj_record){.type = "alumni.graduated",
                       .region = "33.75",
                       .owner = "blk-pekalongan",
                       .recipient = "",
                       .subject = "s",
                       .text = {text, strlen(text)}};
}

static void assert_view(const char *type, const jj_rights *rights, uint32_t consent,
                        const char *text, const char *expected)
{
    jj_buf out = {0};
    jj_record record = record_of(text);
    jj_view_write(type_named(type), rights, &record, consent, &out);
    assert_string_equal(out.data, expected);
    jj_buf_clear(&out);
}

/* ---- Whether at all ----------------------------------------------------------------------- */

static bool allowed(const jj_rights *rights, const jj_record *record, uint32_t consent)
{
    return jj_view_allowed(type_named("alumni.graduated"), rights, record, consent);
}

static void a_reader_needs_the_region(void **state)
{
    jj_rights rights = reader(BLK);
    jj_record record = record_of("{}");
    (void)state;
    assert_true(allowed(&rights, &record, 0));
    rights.regions = elsewhere;
    assert_false(allowed(&rights, &record, 0));
}

static void what_is_for_one_recipient_is_for_nobody_else(void **state)
{
    jj_rights rights = reader(BLK);
    jj_record record = record_of("{}");
    (void)state;
    record.recipient = "somebody";
    assert_false(allowed(&rights, &record, 0));
    record.recipient = "reader";
    assert_true(allowed(&rights, &record, 0));
    record.recipient = "Reader";
    assert_false(allowed(&rights, &record, 0));
}

static void a_recipient_still_needs_an_audience(void **state)
{
    jj_rights rights = reader(JJ_AUDIENCE_CAPITAL);
    jj_record record = record_of("{}");
    (void)state;
    record.recipient = "reader";
    assert_false(allowed(&rights, &record, 0));
}

static void an_owner_may_always_know_of_its_own(void **state)
{
    jj_rights rights = {.agency = "blk-pekalongan", .audiences = 0, .regions = elsewhere};
    jj_record record = record_of("{}");
    (void)state;
    record.recipient = "somebody";
    assert_true(allowed(&rights, &record, 0));
}

static void the_node_may_know_of_everything(void **state)
{
    jj_rights rights = {.agency = "warehouse", .audiences = JJ_AUDIENCE_NODE, .regions = elsewhere};
    jj_record record = record_of("{}");
    (void)state;
    record.recipient = "somebody";
    assert_true(allowed(&rights, &record, 0));
}

static void who_would_see_no_property_does_not_know_of_the_event(void **state)
{
    jj_rights disability = reader(DISABILITY), capital = reader(JJ_AUDIENCE_CAPITAL);
    jj_record record = record_of("{}");
    (void)state;
    assert_false(allowed(&capital, &record, ~0u));
    assert_false(allowed(&disability, &record, 0));
    assert_false(allowed(&disability, &record, BLK | INDUSTRY));
    assert_true(allowed(&disability, &record, DISABILITY));
}

static void consent_is_asked_for_only_where_it_matters(void **state)
{
    const jj_type *graduated = type_named("alumni.graduated");
    (void)state;
    assert_true(jj_view_asks_consent(graduated, INDUSTRY));
    assert_true(jj_view_asks_consent(graduated, DISABILITY));
    assert_false(jj_view_asks_consent(graduated, PUBLIC));
    assert_false(jj_view_asks_consent(type_named("order.completed"), ~0u));
    /* Of a member alone: its object is shown anyway. */
    assert_true(jj_view_asks_consent(type_named("vacancy.opened"), BLK));
    assert_false(jj_view_asks_consent(type_named("vacancy.opened"), INDUSTRY));
}

/* ---- Property by property ----------------------------------------------------------------- */

/* What tests/unit/small_catalogue.c declares of alumni.graduated. */
static const struct {
    const char *name;
    uint32_t audience, consent; /* of those, who need consent */
} declared[] = {
    {"vocation", OWNER | BLK | INDUSTRY | PUBLIC, 0},
    {"year", BLK | PROVINCE, 0},
    {"score", OWNER | INDUSTRY | BLK, INDUSTRY | BLK},
    {"intent", BLK | INDUSTRY, INDUSTRY},
    {"note", 0, 0}, /* not classified */
    {"extras", OWNER, 0},
    {"disability", OWNER | DISABILITY | PROVINCE, DISABILITY | PROVINCE},
    {"consent", OWNER | BLK, 0},
    {"unknown", 0, 0},
};

static const char whole[] =
    "{\"id\":\"g-1\",\"data\":{\"vocation\":\"las\",\"year\":2019,\"score\":7.50,"
    "\"intent\":\"employment\",\"note\":\"n\",\"extras\":[\"e\"],"
    "\"disability\":{\"category\":\"hearing\",\"needs\":\"n\"},\"consent\":[],\"unknown\":1},"
    "\"subject\":\"s\"}";

static json_t *view_of(uint32_t audiences, bool owner, uint32_t consent)
{
    jj_rights rights = reader(audiences);
    jj_record record = record_of(whole);
    jj_buf out = {0};
    json_t *view = NULL;
    record.owner = owner ? "reader" : "blk-pekalongan";
    jj_view_write(type_named("alumni.graduated"), &rights, &record, consent, &out);
    assert_int_equal(jj_json_load(&view, out.data, out.size, 9999, NULL), 0);
    jj_buf_clear(&out);
    return view;
}

static void assert_sees(uint32_t audiences, bool owner, uint32_t consent)
{
    json_t *view = view_of(audiences, owner, consent);
    const json_t *data = json_object_get(view, "data");
    uint32_t all = audiences | (owner ? OWNER : 0);
    for (size_t i = 0; i < sizeof declared / sizeof *declared; i++) {
        uint32_t may = declared[i].audience & all;
        bool expected = (may & ~declared[i].consent) || (may & declared[i].consent & consent);
        bool came = json_object_get(data, declared[i].name) != NULL;
        if (came != expected) {
            fail_msg("audiences %x%s, consent %x: %s %s", audiences, owner ? " (owner)" : "",
                     consent, declared[i].name, came ? "was shown" : "was hidden");
        }
    }
    json_decref(view);
}

static void every_property_is_shown_to_whom_its_schema_names(void **state)
{
    /* owner and node are no audiences that an agency can have. */
    const uint32_t readers = JJ_AUDIENCE_OWNER - 1;
    (void)state;
    for (uint32_t audiences = 0; audiences <= readers; audiences++) {
        for (unsigned who = 0; who < 2; who++) {
            assert_sees(audiences, who, 0);
            assert_sees(audiences, who, readers);
            for (uint32_t bit = 1; bit <= readers; bit <<= 1) {
                assert_sees(audiences, who, bit);
            }
        }
    }
}

static void consent_for_others_helps_nobody(void **state)
{
    jj_rights industry = reader(INDUSTRY);
    (void)state;
    assert_view("alumni.graduated", &industry, BLK | JJ_AUDIENCE_CAPITAL, whole,
                "{\"id\":\"g-1\",\"data\":{\"vocation\":\"las\"},\"subject\":\"s\"}");
    assert_view("alumni.graduated", &industry, INDUSTRY, whole,
                "{\"id\":\"g-1\",\"data\":{\"vocation\":\"las\",\"score\":7.50,"
                "\"intent\":\"employment\"},\"subject\":\"s\"}");
}

static void a_member_may_need_consent_where_its_object_does_not(void **state)
{
    jj_rights blk = reader(BLK);
    (void)state;
    assert_view("vacancy.opened", &blk, 0, "{\"data\":{\"wage\":{\"max\":2,\"min\":1}}}",
                "{\"data\":{\"wage\":{\"min\":1}}}");
    assert_view("vacancy.opened", &blk, BLK, "{\"data\":{\"wage\":{\"max\":2,\"min\":1}}}",
                "{\"data\":{\"wage\":{\"max\":2,\"min\":1}}}");
}

static void an_object_is_shown_member_by_member(void **state)
{
    jj_rights province = reader(PROVINCE), disability = reader(DISABILITY);
    (void)state;
    assert_view("alumni.graduated", &province, PROVINCE, whole,
                "{\"id\":\"g-1\",\"data\":{\"year\":2019,\"disability\":{\"category\":"
                "\"hearing\"}},\"subject\":\"s\"}");
    assert_view("alumni.graduated", &disability, DISABILITY, whole,
                "{\"id\":\"g-1\",\"data\":{\"disability\":{\"category\":\"hearing\","
                "\"needs\":\"n\"}},\"subject\":\"s\"}");
}

static void unknown_members_are_hidden_at_every_depth(void **state)
{
    jj_rights disability = reader(DISABILITY);
    (void)state;
    assert_view("alumni.graduated", &disability, DISABILITY,
                "{\"data\":{\"disability\":{\"diagnosis\":\"x\",\"Category\":\"x\",\"category\":1},"
                "\"disability2\":1}}",
                "{\"data\":{\"disability\":{\"category\":1}}}");
}

static void a_name_written_with_escapes_is_hidden(void **state)
{
    jj_rights disability = reader(DISABILITY);
    (void)state;
    assert_view("alumni.graduated", &disability, DISABILITY,
                "{\"data\":{\"disability\":{\"\\u0063ategory\":\"x\"}}}",
                "{\"data\":{\"disability\":{}}}");
}

/* ---- The text ----------------------------------------------------------------------------- */

static void the_node_gets_the_stored_bytes(void **state)
{
    jj_rights node = {.agency = "warehouse", .audiences = JJ_AUDIENCE_NODE, .regions = here};
    const char *text = "{ \"id\" : \"g-1\",\"data\":{ \"note\":\"n\", \"x\": 1e2 } }";
    (void)state;
    assert_view("alumni.graduated", &node, 0, text, text);
}

static void the_envelope_stays_as_it_is(void **state)
{
    jj_rights rights = reader(PUBLIC);
    (void)state;
    assert_view("vacancy.opened", &rights, 0,
                "{\"id\":\"a\\\"b\",\"extra\":1e2 ,\"data\":{},\"n\":0.10,\"flag\":true}",
                "{\"id\":\"a\\\"b\",\"extra\":1e2,\"data\":{},\"n\":0.10,\"flag\":true}");
}

static void values_are_not_written_anew(void **state)
{
    jj_rights rights = reader(BLK);
    (void)state;
    assert_view("vacancy.opened", &rights, 0,
                "{\"data\":{\"wage\":{ \"min\" : 1E3 ,\"max\":2},\"title\":\"\\u0041\\/b\"}}",
                "{\"data\":{\"wage\":{\"min\":1E3},\"title\":\"\\u0041\\/b\"}}");
}

static void nothing_to_show_is_an_empty_object(void **state)
{
    jj_rights rights = reader(PUBLIC);
    (void)state;
    assert_view("vacancy.opened", &rights, 0, "{\"data\":{\"wage\":{\"min\":1}},\"id\":\"x\"}",
                "{\"data\":{},\"id\":\"x\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_needs_the_region),
        cmocka_unit_test(what_is_for_one_recipient_is_for_nobody_else),
        cmocka_unit_test(a_recipient_still_needs_an_audience),
        cmocka_unit_test(an_owner_may_always_know_of_its_own),
        cmocka_unit_test(the_node_may_know_of_everything),
        cmocka_unit_test(who_would_see_no_property_does_not_know_of_the_event),
        cmocka_unit_test(consent_is_asked_for_only_where_it_matters),
        cmocka_unit_test(every_property_is_shown_to_whom_its_schema_names),
        cmocka_unit_test(consent_for_others_helps_nobody),
        cmocka_unit_test(a_member_may_need_consent_where_its_object_does_not),
        cmocka_unit_test(an_object_is_shown_member_by_member),
        cmocka_unit_test(unknown_members_are_hidden_at_every_depth),
        cmocka_unit_test(a_name_written_with_escapes_is_hidden),
        cmocka_unit_test(the_node_gets_the_stored_bytes),
        cmocka_unit_test(the_envelope_stays_as_it_is),
        cmocka_unit_test(values_are_not_written_anew),
        cmocka_unit_test(nothing_to_show_is_an_empty_object),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/*
 * The catalogue: what it says of types and properties, and the schemas that it refuses although
 * each of their keywords is known.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "schema/audience.h"
#include "schema/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/data/catalogue"

static int open_catalogue(void **state)
{
    jj_error err;
    jj_catalogue *catalogue;
    if (jj_catalogue_open(&catalogue, FOLDER, &err)) {
        print_error("%s %s: %s\n", err.file, err.field, err.text);
        return -1;
    }
    *state = catalogue;
    return 0;
}

static int close_catalogue(void **state)
{
    jj_catalogue_close(*state);
    return 0;
}

static const jj_type *tested(void **state)
{
    const jj_type *type = jj_catalogue_find(*state, "person.tested", 13);
    assert_non_null(type);
    return type;
}

static const jj_property *property(void **state, const char *name)
{
    const jj_property *found = jj_type_property(tested(state), name);
    assert_non_null(found);
    assert_string_equal(found->name, name);
    return found;
}

static void types_are_found_by_name(void **state)
{
    const jj_catalogue *catalogue = *state;
    assert_int_equal(jj_catalogue_count(catalogue), 2);
    assert_string_equal(jj_catalogue_at(catalogue, 0)->name, "person.tested");
    assert_string_equal(jj_catalogue_at(catalogue, 1)->name, "thing.opened");
    assert_null(jj_catalogue_at(catalogue, 2));
    assert_ptr_equal(jj_catalogue_find(catalogue, "thing.opened and more", 12),
                     jj_catalogue_at(catalogue, 1));
    assert_int_equal(jj_catalogue_at(catalogue, 1)->index, 1);
    assert_null(jj_catalogue_find(catalogue, "thing.opene", 11));
    assert_null(jj_catalogue_find(catalogue, "_defs", 5));
    assert_null(jj_catalogue_find(catalogue, "", 0));
    assert_ptr_equal(jj_catalogue_nearest(catalogue, "thing.opend"), jj_catalogue_at(catalogue, 1));
    assert_null(jj_catalogue_nearest(catalogue, "loan.repaid"));
}

static void a_type_says_whom_it_is_about_and_who_may_say_it(void **state)
{
    const jj_type *type = tested(state);
    assert_string_equal(type->title, "Uji");
    assert_string_equal(type->subject, "person");
    assert_int_equal(type->publishers, JJ_AUDIENCE_BLK | JJ_AUDIENCE_INDUSTRY);
    assert_true(type->has_vault);
    assert_false(jj_catalogue_at(*state, 1)->has_vault);
    assert_null(jj_type_property(type, "nothing"));
    assert_null(jj_type_property(type, ""));
}

static void properties_stand_in_the_order_of_the_schema(void **state)
{
    static const char *const names[] = {"date",  "sex",     "phone", "vacancy",    "year",
                                        "score", "version", "sexes", "disability", "late"};
    const jj_type *type = tested(state);
    assert_int_equal(type->property_count, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(type->properties[i].name, names[i]);
    }
}

static void annotations_are_read(void **state)
{
    const jj_property *date = property(state, "date"), *phone = property(state, "phone");
    assert_int_equal(date->class, JJ_CLASS_PUBLIC);
    assert_int_equal(date->audience, JJ_AUDIENCE_OWNER | JJ_AUDIENCE_PUBLIC);
    assert_true(date->key && date->required && !date->vault && !date->consent);
    assert_string_equal(date->format, "date");
    assert_true(phone->vault && !phone->required);
    assert_string_equal(property(state, "vacancy")->entity, "vacancy");
    assert_int_equal(property(state, "vacancy")->class, JJ_CLASS_NONE);
    assert_int_equal(property(state, "vacancy")->audience, 0);
}

static void consent_is_asked_of_everybody_or_of_those_who_are_listed(void **state)
{
    uint32_t everybody = property(state, "sex")->consent;
    assert_int_equal(property(state, "date")->consent, 0);
    assert_int_equal(property(state, "score")->consent, JJ_AUDIENCE_INDUSTRY | JJ_AUDIENCE_CAPITAL);
    assert_true(everybody & JJ_AUDIENCE_BLK);
    assert_true(everybody & JJ_AUDIENCE_PROVINCE);
    assert_false(everybody & JJ_AUDIENCE_OWNER);
}

static void what_stands_beside_a_reference_wins(void **state)
{
    const jj_property *sex = property(state, "sex");
    assert_string_equal(sex->title, "Jenis kelamin");
    assert_string_equal(sex->description, "From the definition.");
    assert_int_equal(sex->class, JJ_CLASS_PERSONAL);
    assert_true(sex->consent & JJ_AUDIENCE_INDUSTRY);
    assert_false(sex->consent & JJ_AUDIENCE_OWNER);
    assert_int_equal(json_array_size(sex->choices), 2);
}

static void columns_and_cell_values_are_folded(void **state)
{
    const jj_property *date = property(state, "date"), *sex = property(state, "sex");
    assert_string_equal(date->columns[0], "tanggal");
    assert_string_equal(date->columns[1], "tgl");
    assert_null(date->columns[2]); /* TANGGAL folds to what is there already */
    assert_string_equal(date->column_names[1], "Tgl.");
    assert_null(date->column_names[2]);
    assert_string_equal(sex->columns[1], "lp");
    assert_string_equal(json_string_value(json_object_get(sex->values, "lakilaki")), "male");
    assert_string_equal(json_string_value(json_object_get(sex->values, "l")), "male");
    assert_null(json_object_get(sex->values, "L"));
    assert_non_null(property(state, "year")->columns);
    assert_null(property(state, "year")->columns[0]);
    assert_null(property(state, "year")->values);
}

static void kinds_follow_from_types_or_from_what_is_enumerated(void **state)
{
    assert_int_equal(property(state, "date")->kind, JJ_KIND_STRING);
    assert_int_equal(property(state, "phone")->kind, JJ_KIND_STRING);
    assert_int_equal(property(state, "year")->kind, JJ_KIND_INTEGER);
    assert_int_equal(property(state, "score")->kind, JJ_KIND_NUMBER);
    assert_int_equal(property(state, "version")->kind, JJ_KIND_INTEGER);
    assert_int_equal(property(state, "late")->kind, JJ_KIND_BOOLEAN);
}

static void an_array_has_what_its_items_say(void **state)
{
    const jj_property *sexes = property(state, "sexes");
    assert_int_equal(sexes->kind, JJ_KIND_ARRAY);
    assert_int_equal(sexes->items, JJ_KIND_STRING);
    assert_int_equal(json_array_size(sexes->choices), 2);
    assert_non_null(json_object_get(sexes->values, "perempuan"));
}

static void an_object_has_members(void **state)
{
    const jj_property *disability = property(state, "disability");
    assert_int_equal(disability->kind, JJ_KIND_OBJECT);
    assert_int_equal(disability->member_count, 2);
    assert_string_equal(disability->members[0].name, "category");
    assert_true(disability->members[0].required);
    assert_int_equal(disability->members[0].class, JJ_CLASS_SPECIFIC);
    assert_string_equal(disability->members[0].columns[0], "ragam");
    assert_false(disability->members[1].required);
}

static void properties_from_all_of_count(void **state)
{
    const jj_property *late = property(state, "late");
    assert_int_equal(late->class, JJ_CLASS_INTERNAL);
    assert_true(late->required);
}

static void the_schema_is_at_hand(void **state)
{
    json_t *data = json_pack("{s:s, s:b}", "date", "2019-07-31", "late", 1);
    assert_false(jj_schema_check(tested(state)->schema, data, NULL));
    json_object_set_new(data, "extra", json_null());
    assert_true(jj_schema_check(tested(state)->schema, data, NULL));
    json_decref(data);
}

/* A folder with one type: its root's keywords beside the ones that every type needs. */
static int open_with(const char *keywords, jj_catalogue **catalogue, jj_error *err)
{
    char folder[] = "/tmp/jj_catalogue_XXXXXX";
    jj_buf text = {0};
    assert_non_null(mkdtemp(folder));
    jj_buf_printf(&text,
                  "{\"type\": \"object\", \"x-subject\": \"person\", \"x-publisher\": "
                  "[\"blk\"], %s}",
                  keywords);
    char *path = jj_path_join(folder, "a.b.json");
    assert_int_equal(jj_file_write(path, text.data, text.size, 0600, err), 0);
    int rc = jj_catalogue_open(catalogue, folder, err);
    unlink(path);
    rmdir(folder);
    free(path);
    jj_buf_clear(&text);
    return rc;
}

static void schemas_that_would_be_misread_are_refused(void **state)
{
    static const struct {
        const char *keywords, *field, *reason;
    } refused[] = {
        {"\"properties\": {\"a\": {}}", "/properties/a", "one type"},
        {"\"properties\": {\"a\": {\"type\": [\"string\", \"integer\"]}}", "/properties/a",
         "one type"},
        {"\"properties\": {\"a\": true}", "/properties/a", "one type"},
        {"\"properties\": {\"a\": {\"enum\": [1, \"x\"]}}", "/properties/a", "one type"},
        {"\"properties\": {\"a\": {\"type\": \"array\"}}", "/properties/a", "one simple type"},
        {"\"properties\": {\"a\": {\"type\": \"array\", \"items\": {\"type\": \"object\"}}}",
         "/properties/a", "one simple type"},
        {"\"properties\": {\"a\": {\"type\": \"array\", \"items\": {\"type\": \"string\", "
         "\"x-vault\": true}}}",
         "/properties/a/items", "x-vault belongs on the array"},
        {"\"properties\": {\"a\": {\"type\": \"string\", \"x-column\": [\"No HP\"]}, \"b\": "
         "{\"type\": \"string\", \"x-column\": [\"NO. HP\"]}}",
         "/properties/b", "nohp also belongs to /properties/a"},
        {"\"properties\": {\"a\": {\"enum\": [\"x\"], \"x-values\": {\"satu\": \"y\"}}}",
         "/properties/a", "does not allow"},
        {"\"properties\": {\"a\": {\"enum\": [\"x\", \"y\"], \"x-values\": {\"a b\": \"y\", "
         "\"A-B\": \"x\"}}}",
         "/properties/a", "reads as another"},
        {"\"properties\": {\"a\": {\"type\": \"integer\", \"x-entity\": \"vacancy\"}}",
         "/properties/a", "x-entity stands on strings"},
        {"\"properties\": {\"a\": {\"type\": \"object\", \"x-key\": true}}", "/properties/a",
         "x-key stands on simple"},
        {"\"properties\": {\"a\": {\"type\": \"string\", \"x-consent\": true}}", "/properties/a",
         "without x-class"},
        {"\"anyOf\": [{\"properties\": {\"a\": {\"type\": \"string\", \"x-vault\": true}}}]",
         "/anyOf/0/properties/a", "would be ignored"},
        {"\"additionalProperties\": {\"x-class\": \"public\"}", "/additionalProperties",
         "would be ignored"},
        {"\"then\": {\"properties\": {\"a\": {\"$ref\": \"#/$defs/a\"}}}, \"if\": true, "
         "\"$defs\": {\"a\": {\"x-vault\": true}}",
         "/$defs/a", "would be ignored"},
        {"\"properties\": {\"a\": {\"type\": \"string\"}}, \"allOf\": [{\"properties\": {\"a\": "
         "{\"x-vault\": true}}}]",
         "/allOf/0/properties/a", "not twice"},
        {"\"properties\": {\"a\": {\"type\": \"object\", \"properties\": {\"b\": {\"$ref\": "
         "\"#/properties/a\"}}}}",
         "/properties/a/properties/b", "objects in one another"},
        {"\"properties\": {\"a\": {\"type\": \"object\", \"properties\": {\"b\": {\"type\": "
         "\"string\", \"x-vault\": true}}}}",
         "/properties/a/properties/b", "members of the root only"},
        {"\"x-version\": 0", "/x-version", "a whole number from 1"},
        {"\"x-version\": \"2\"", "/x-version", "a whole number from 1"},
        {"\"maxProperty\": 1", "/maxProperty", "did you mean maxProperties?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        jj_catalogue *catalogue = NULL;
        jj_error err = {0};
        int rc = open_with(refused[i].keywords, &catalogue, &err);
        if (rc != JJ_ECONFIG || catalogue || !strstr(err.text, refused[i].reason) ||
            strcmp(err.field, refused[i].field) != 0 || !strstr(err.file, "a.b.json")) {
            fail_msg("%s: %d, %s: %s", refused[i].keywords, rc, err.field, err.text);
        }
    }
}

static void annotations_in_definitions_that_nobody_uses_do_no_harm(void **state)
{
    jj_catalogue *catalogue = NULL;
    jj_error err = {0};
    (void)state;
    assert_int_equal(open_with("\"$defs\": {\"a\": {\"type\": \"string\", \"x-vault\": true}}",
                               &catalogue, &err),
                     0);
    assert_false(jj_catalogue_at(catalogue, 0)->has_vault);
    jj_catalogue_close(catalogue);
}

static void a_type_is_of_the_first_version_unless_it_says_otherwise(void **state)
{
    static const char *const keywords[] = {"\"title\": \"a\"", "\"x-version\": 7"};
    static const int versions[] = {1, 7};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        jj_catalogue *catalogue = NULL;
        jj_error err = {0};
        assert_int_equal(open_with(keywords[i], &catalogue, &err), 0);
        assert_int_equal(jj_catalogue_at(catalogue, 0)->version, versions[i]);
        jj_catalogue_close(catalogue);
    }
}

static void a_type_without_subject_or_publisher_is_refused(void **state)
{
    static const char *const texts[] = {
        "{\"type\": \"object\", \"x-publisher\": [\"blk\"]}",
        "{\"type\": \"object\", \"x-subject\": \"person\"}",
        "{\"x-subject\": \"person\", \"x-publisher\": [\"blk\"]}",
        "true",
    };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char folder[] = "/tmp/jj_catalogue_XXXXXX";
        jj_catalogue *catalogue = NULL;
        jj_error err;
        assert_non_null(mkdtemp(folder));
        char *path = jj_path_join(folder, "a.b.json");
        assert_int_equal(jj_file_write(path, texts[i], strlen(texts[i]), 0600, &err), 0);
        assert_int_equal(jj_catalogue_open(&catalogue, folder, &err), JJ_ECONFIG);
        assert_non_null(strstr(err.text, "the schema of an event type must say"));
        unlink(path);
        rmdir(folder);
        free(path);
    }
}

static void a_folder_without_types_is_refused(void **state)
{
    jj_catalogue *catalogue = NULL;
    jj_error err = {0};
    char folder[] = "/tmp/jj_catalogue_XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(jj_catalogue_open(&catalogue, folder, &err), JJ_ECONFIG);
    assert_string_equal(err.file, folder);
    rmdir(folder);
    assert_int_equal(jj_catalogue_open(&catalogue, folder, &err), JJ_ECONFIG);
    assert_null(catalogue);
}

static void audiences_have_names_and_bits(void **state)
{
    const char *const *names = jj_audience_names();
    uint32_t all = 0;
    (void)state;
    for (; *names; names++) {
        uint32_t bit = jj_audience_parse(*names);
        assert_int_equal(bit & (bit - 1), 0);
        assert_string_equal(jj_audience_name(bit), *names);
        all |= bit;
    }
    assert_int_equal(all, (1 << JJ_AUDIENCES) - 1);
    assert_int_equal(jj_audience_parse("nobody"), 0);
    assert_null(jj_audience_name(3));
    assert_null(jj_audience_name(1U << JJ_AUDIENCES));
}

/* The schemas that are shipped. */
static void the_events_of_the_project_are_a_catalogue(void **state)
{
    jj_catalogue *catalogue = NULL;
    jj_error err = {0};
    (void)state;
    if (jj_catalogue_open(&catalogue, "schemas/events", &err)) {
        fail_msg("%s %s: %s", err.file, err.field, err.text);
    }
    const jj_type *type = jj_catalogue_find(catalogue, "alumni.graduated", 16);
    assert_non_null(type);
    assert_true(type->has_vault);
    assert_true(jj_type_property(type, "nik")->vault);
    jj_catalogue_close(catalogue);
}

static void contact_is_known_by_its_names_in_events_and_files(void **state)
{
    static const char *const contact[] = {"nik", "name", "Nama Lengkap", "no_hp", "ALAMAT"};
    static const char *const others[] = {"", "vocation", "nama_usaha", "employer", "a"};
    jj_catalogue *catalogue = NULL;
    char long_name[1000];
    (void)state;
    assert_int_equal(jj_catalogue_open(&catalogue, "schemas/events", NULL), 0);
    for (size_t i = 0; i < sizeof contact / sizeof *contact; i++) {
        if (!jj_catalogue_is_contact(catalogue, contact[i])) {
            fail_msg("\"%s\" is not taken for contact", contact[i]);
        }
        if (jj_catalogue_is_contact(catalogue, others[i])) {
            fail_msg("\"%s\" is taken for contact", others[i]);
        }
    }
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_false(jj_catalogue_is_contact(catalogue, long_name));
    jj_catalogue_close(catalogue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_catalogue, close_catalogue)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(types_are_found_by_name),
        TEST(a_type_says_whom_it_is_about_and_who_may_say_it),
        TEST(properties_stand_in_the_order_of_the_schema),
        TEST(annotations_are_read),
        TEST(consent_is_asked_of_everybody_or_of_those_who_are_listed),
        TEST(what_stands_beside_a_reference_wins),
        TEST(columns_and_cell_values_are_folded),
        TEST(kinds_follow_from_types_or_from_what_is_enumerated),
        TEST(an_array_has_what_its_items_say),
        TEST(an_object_has_members),
        TEST(properties_from_all_of_count),
        TEST(the_schema_is_at_hand),
        cmocka_unit_test(schemas_that_would_be_misread_are_refused),
        cmocka_unit_test(annotations_in_definitions_that_nobody_uses_do_no_harm),
        cmocka_unit_test(a_type_is_of_the_first_version_unless_it_says_otherwise),
        cmocka_unit_test(a_type_without_subject_or_publisher_is_refused),
        cmocka_unit_test(a_folder_without_types_is_refused),
        cmocka_unit_test(audiences_have_names_and_bits),
        cmocka_unit_test(the_events_of_the_project_are_a_catalogue),
        cmocka_unit_test(contact_is_known_by_its_names_in_events_and_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "schema/run.h"

#include <string.h>

jj_subject jj_subject_of(const json_t *json)
{
    jj_subject subject = {json, NULL, 0};
    if (json_is_string(json)) {
        subject.text = json_string_value(json);
        subject.length = json_string_length(json);
    }
    return subject;
}

static unsigned types_of(const jj_subject *subject)
{
    if (subject->text) {
        return JJ_TYPE_STRING;
    }
    switch (json_typeof(subject->json)) {
    case JSON_NULL:
        return JJ_TYPE_NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JJ_TYPE_BOOLEAN;
    case JSON_OBJECT:
        return JJ_TYPE_OBJECT;
    case JSON_ARRAY:
        return JJ_TYPE_ARRAY;
    case JSON_INTEGER:
        return JJ_TYPE_NUMBER | JJ_TYPE_INTEGER;
    default: {
        jj_number number = jj_number_of(subject->json);
        return JJ_TYPE_NUMBER | (jj_number_is_integer(&number) ? JJ_TYPE_INTEGER : 0U);
    }
    }
}

static bool problem_type(jj_run *run, const jj_step_to *at, unsigned types)
{
    char names[80];
    if (!run->report) {
        return false;
    }
    jj_types_format(types, names, sizeof names);
    return jj_run_problem(run, at, "type", "%s", names);
}

static bool is_chosen(jj_run *run, const jj_choice *choice, const jj_subject *subject)
{
    size_t index;
    if (subject->text) {
        return jj_names_find(&choice->texts, subject->text, subject->length, &index);
    }
    for (size_t i = 0; i < json_array_size(choice->values); i++) {
        if (jj_json_equals(subject->json, json_array_get(choice->values, i), &run->budget)) {
            return true;
        }
    }
    return false;
}

static bool run_choices(jj_run *run, const jj_node *node, const jj_subject *subject,
                        const jj_step_to *at)
{
    bool ok = true;
    if (node->constant && !is_chosen(run, node->constant, subject)) {
        ok = jj_run_problem_choice(run, at, "const", node->constant->values);
    }
    if (node->choice && jj_run_goes_on(run, ok) && !is_chosen(run, node->choice, subject)) {
        ok = jj_run_problem_choice(run, at, "enum", node->choice->values);
    }
    return ok;
}

static bool problem_bound(jj_run *run, const jj_step_to *at, const char *keyword,
                          const char *relation, const jj_number *bound)
{
    char text[JJ_NUMBER_TEXT];
    if (!run->report) {
        return false;
    }
    jj_number_format(bound, text);
    return jj_run_problem(run, at, keyword, "%s %s", relation, text);
}

static bool run_number(jj_run *run, const jj_number_rules *rules, const json_t *value,
                       const jj_step_to *at)
{
    jj_number number = jj_number_of(value);
    bool ok = true;
    if (rules->has_minimum && jj_number_compare(&number, &rules->minimum) < 0) {
        ok = problem_bound(run, at, "minimum", "at least", &rules->minimum);
    }
    if (rules->has_maximum && jj_number_compare(&number, &rules->maximum) > 0) {
        ok = problem_bound(run, at, "maximum", "at most", &rules->maximum);
    }
    if (rules->has_above && jj_number_compare(&number, &rules->above) <= 0) {
        ok = problem_bound(run, at, "exclusiveMinimum", "more than", &rules->above);
    }
    if (rules->has_below && jj_number_compare(&number, &rules->below) >= 0) {
        ok = problem_bound(run, at, "exclusiveMaximum", "less than", &rules->below);
    }
    if (rules->has_multiple && !jj_number_is_multiple(&number, &rules->multiple)) {
        ok = problem_bound(run, at, "multipleOf", "a multiple of", &rules->multiple);
    }
    return ok;
}

/* Code points: every byte of UTF-8 but the continuations. */
static size_t count_characters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return count;
}

static bool run_length(jj_run *run, const jj_string_rules *rules, const jj_subject *subject,
                       const jj_step_to *at)
{
    /* A text has at most as many characters as bytes and at least a quarter as many. */
    if (subject->length <= rules->max && subject->length / 4 >= rules->min) {
        return true;
    }
    if (!jj_budget_spend(&run->budget, subject->length / 16)) {
        return false;
    }
    size_t count = count_characters(subject->text, subject->length);
    bool ok = true;
    if (count < rules->min) {
        ok = jj_run_problem(run, at, "minLength", "at least %zu character%s", rules->min,
                            jj_plural(rules->min));
    }
    if (count > rules->max) {
        ok = jj_run_problem(run, at, "maxLength", "at most %zu character%s", rules->max,
                            jj_plural(rules->max));
    }
    return ok;
}

static bool run_string(jj_run *run, const jj_string_rules *rules, const jj_subject *subject,
                       const jj_step_to *at)
{
    bool ok = run_length(run, rules, subject, at);
    if (rules->pattern && jj_run_goes_on(run, ok) &&
        !jj_regex_search(rules->pattern, subject->text, subject->length, &run->budget)) {
        ok = jj_run_problem(run, at, "pattern", "a text that matches %s", rules->pattern_text);
    }
    if (rules->format && jj_run_goes_on(run, ok) &&
        !jj_format_holds(rules->format, subject->text, subject->length)) {
        ok = jj_run_problem(run, at, "format", "%s", jj_format_expected(rules->format));
    }
    return ok;
}

/* The rules of the value's own kind; those of others do not concern it. */
static bool run_kind(jj_run *run, const jj_node *node, const jj_subject *subject,
                     const jj_step_to *at)
{
    if (subject->text) {
        return !node->string || run_string(run, node->string, subject, at);
    }
    switch (json_typeof(subject->json)) {
    case JSON_INTEGER:
    case JSON_REAL:
        return !node->number || run_number(run, node->number, subject->json, at);
    case JSON_ARRAY:
        return !node->array || jj_run_array(run, node->array, subject->json, at);
    case JSON_OBJECT:
        return !node->object || jj_run_object(run, node->object, subject, at);
    default:
        return true;
    }
}

bool jj_run_try(jj_run *run, const jj_node *node, const jj_subject *subject)
{
    jj_report *report = run->report;
    run->report = NULL;
    bool ok = jj_run_node(run, node, subject, NULL);
    run->report = report;
    return ok;
}

static size_t count_fitting(jj_run *run, const jj_nodes *nodes, const jj_subject *subject,
                            size_t enough)
{
    size_t count = 0;
    for (size_t i = 0; i < nodes->count && count < enough; i++) {
        count += jj_run_try(run, nodes->list[i], subject);
    }
    return count;
}

static bool run_alternatives(jj_run *run, const jj_logic *logic, const jj_subject *subject,
                             const jj_step_to *at)
{
    bool ok = true;
    if (logic->any.count && count_fitting(run, &logic->any, subject, 1) == 0) {
        ok = jj_run_problem(run, at, "anyOf", "what at least one of %zu alternatives asks for",
                            logic->any.count);
    }
    if (logic->one.count && jj_run_goes_on(run, ok)) {
        size_t fitting = count_fitting(run, &logic->one, subject, 2);
        if (fitting != 1) {
            ok = jj_run_problem(run, at, "oneOf",
                                "what exactly one of %zu alternatives asks for, "
                                "not %s",
                                logic->one.count, fitting ? "several" : "none");
        }
    }
    if (logic->not &&jj_run_goes_on(run, ok) && jj_run_try(run, logic->not, subject)) {
        ok = jj_run_problem(run, at, "not", "anything but what the schema excludes here");
    }
    return ok;
}

static bool run_logic(jj_run *run, const jj_logic *logic, const jj_subject *subject,
                      const jj_step_to *at)
{
    bool ok = !logic->reference || jj_run_node(run, logic->reference, subject, at);
    for (size_t i = 0; i < logic->all.count && jj_run_goes_on(run, ok); i++) {
        ok = jj_run_node(run, logic->all.list[i], subject, at) && ok;
    }
    if (jj_run_goes_on(run, ok)) {
        ok = run_alternatives(run, logic, subject, at) && ok;
    }
    if (logic->condition && (logic->then || logic->otherwise) && jj_run_goes_on(run, ok)) {
        const jj_node *branch =
            jj_run_try(run, logic->condition, subject) ? logic->then : logic->otherwise;
        ok = (!branch || jj_run_node(run, branch, subject, at)) && ok;
    }
    return ok;
}

static bool run_rules(jj_run *run, const jj_node *node, const jj_subject *subject,
                      const jj_step_to *at)
{
    if (node->types && !(node->types & types_of(subject))) {
        return problem_type(run, at, node->types);
    }
    bool ok = true;
    if (node->constant || node->choice) {
        ok = run_choices(run, node, subject, at);
    }
    if (jj_run_goes_on(run, ok)) {
        ok = run_kind(run, node, subject, at) && ok;
    }
    if (node->logic && jj_run_goes_on(run, ok)) {
        ok = run_logic(run, node->logic, subject, at) && ok;
    }
    return ok;
}

bool jj_run_node(jj_run *run, const jj_node *node, const jj_subject *subject, const jj_step_to *at)
{
    if (node->verdict != JJ_NODE_RULES) {
        return node->verdict == JJ_NODE_TRUE ||
               jj_run_problem(run, at, "false", "nothing: no value is allowed here");
    }
    if (!jj_budget_spend(&run->budget, 1)) {
        return false;
    }
    if (run->depth >= JJ_SCHEMA_DEPTH_MAX) {
        run->budget = 0;
        return false;
    }
    run->depth++;
    bool ok = run_rules(run, node, subject, at);
    run->depth--;
    return ok;
}

bool jj_schema_check(const jj_schema *schema, const json_t *value, jj_report *report)
{
    jj_run run = {.schema = schema, .budget = JJ_SCHEMA_STEPS_MAX};
    jj_subject subject = jj_subject_of(value);
    /* Without report first: it is quick, and nearly every value is valid. */
    bool ok = jj_run_node(&run, schema->root, &subject, NULL) && run.budget;
    if (ok || !report) {
        return ok;
    }
    report->count = 0;
    bool exhausted = run.budget == 0;
    run = (jj_run){.schema = schema, .budget = JJ_SCHEMA_STEPS_MAX, .report = report};
    if (!exhausted) {
        jj_run_node(&run, schema->root, &subject, NULL);
    }
    /* To find them all takes more than to find the first, and may be too much, too. */
    report->exhausted = report->count == 0;
    if (report->exhausted) {
        jj_run_problem(&run, NULL, "budget",
                       "a value that can be checked within %d steps and %d levels",
                       JJ_SCHEMA_STEPS_MAX, JJ_SCHEMA_DEPTH_MAX);
    }
    return false;
}

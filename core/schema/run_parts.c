/* Running the rules of arrays and objects. */
#include "schema/run.h"

#include "base/text.h"

#include <string.h>

static bool run_contains(jj_run *run, const jj_array_rules *rules, const json_t *array,
                         const jj_step_to *at)
{
    size_t fitting = 0, size = json_array_size(array);
    for (size_t i = 0; i < size && fitting <= rules->max_contains && run->budget; i++) {
        jj_subject item = jj_subject_of(json_array_get(array, i));
        fitting += jj_run_try(run, rules->contains, &item);
        if (fitting >= rules->min_contains && rules->max_contains == SIZE_MAX) {
            return true;
        }
    }
    if (fitting < rules->min_contains) {
        return jj_run_problem(run, at, rules->min_contains == 1 ? "contains" : "minContains",
                              "at least %zu item%s of the kind asked for", rules->min_contains,
                              jj_plural(rules->min_contains));
    }
    return fitting <= rules->max_contains ||
           jj_run_problem(run, at, "maxContains", "at most %zu item%s of the kind counted",
                          rules->max_contains, jj_plural(rules->max_contains));
}

static bool run_unique(jj_run *run, const json_t *array, const jj_step_to *at)
{
    size_t first = 0, second = 0;
    if (jj_json_unique(array, run->schema->library->seed, &run->budget, &first, &second)) {
        return true;
    }
    return run->budget
               ? jj_run_problem(run, at, "uniqueItems",
                                "items that all differ: %zu and %zu are equal", first, second)
               : false;
}

static bool run_items(jj_run *run, const jj_array_rules *rules, const json_t *array,
                      const jj_step_to *at)
{
    bool ok = true;
    size_t size = json_array_size(array);
    if (!rules->items && size > rules->prefix.count) {
        size = rules->prefix.count;
    }
    for (size_t i = 0; i < size && jj_run_goes_on(run, ok); i++) {
        const jj_node *node = i < rules->prefix.count ? rules->prefix.list[i] : rules->items;
        jj_subject item = jj_subject_of(json_array_get(array, i));
        jj_step_to step = {.up = at, .index = i};
        ok = jj_run_node(run, node, &item, &step) && ok;
    }
    return ok;
}

bool jj_run_array(jj_run *run, const jj_array_rules *rules, const json_t *array,
                  const jj_step_to *at)
{
    size_t size = json_array_size(array);
    bool ok = true;
    if (size < rules->min) {
        ok = jj_run_problem(run, at, "minItems", "at least %zu item%s", rules->min,
                            jj_plural(rules->min));
    }
    if (size > rules->max) {
        ok = jj_run_problem(run, at, "maxItems", "at most %zu item%s", rules->max,
                            jj_plural(rules->max));
    }
    if (jj_run_goes_on(run, ok) && (rules->items || rules->prefix.count)) {
        ok = run_items(run, rules, array, at) && ok;
    }
    if (rules->contains && jj_run_goes_on(run, ok)) {
        ok = run_contains(run, rules, array, at) && ok;
    }
    if (rules->unique && size > 1 && jj_run_goes_on(run, ok)) {
        ok = run_unique(run, array, at) && ok;
    }
    return ok;
}

#define SUGGESTED 64

static bool problem_unknown(jj_run *run, const jj_object_rules *rules, const jj_step_to *at)
{
    const char *names[SUGGESTED + 1];
    size_t count = 0;
    /* The nearest name is only looked for where it will be shown. */
    bool shown = run->report && run->report->count < JJ_PROBLEMS_MAX;
    for (size_t i = 0; shown && i < rules->member_count && count < SUGGESTED; i++) {
        if (rules->members[i].node) {
            names[count++] = rules->members[i].name;
        }
    }
    names[count] = NULL;
    const char *nearest = jj_closest(at->name, names);
    return nearest ? jj_run_problem(run, at, "additionalProperties",
                                    "no member of this name; did you mean %s?", nearest)
                   : jj_run_problem(run, at, "additionalProperties", "no member of this name");
}

/* One member, under every rule that its name calls for. */
static bool run_member(jj_run *run, const jj_object_rules *rules, const jj_member_rule *rule,
                       const jj_subject *value, const jj_step_to *at)
{
    bool known = rule && rule->node, ok = true;
    if (known) {
        ok = jj_run_node(run, rule->node, value, at);
    }
    for (size_t i = 0; i < rules->pattern_count && jj_run_goes_on(run, ok); i++) {
        if (jj_regex_search(rules->patterns[i].regex, at->name, at->length, &run->budget)) {
            known = true;
            ok = jj_run_node(run, rules->patterns[i].node, value, at) && ok;
        }
    }
    if (!known && rules->additional && jj_run_goes_on(run, ok)) {
        ok = rules->additional->verdict == JJ_NODE_FALSE
                 ? problem_unknown(run, rules, at)
                 : jj_run_node(run, rules->additional, value, at) && ok;
    }
    if (rules->member_names && jj_run_goes_on(run, ok)) {
        jj_subject name = {NULL, at->name, at->length};
        ok = jj_run_node(run, rules->member_names, &name, at) && ok;
    }
    return ok;
}

static bool run_members(jj_run *run, const jj_object_rules *rules, const json_t *value,
                        const jj_step_to *at)
{
    json_t *object = (json_t *)(uintptr_t)value; /* only read */
    size_t required = 0;
    bool ok = true;
    for (void *it = json_object_iter(object); it && jj_run_goes_on(run, ok);
         it = json_object_iter_next(object, it)) {
        const jj_member_rule *rule = NULL;
        size_t index;
        jj_step_to step = {
            .up = at, .name = json_object_iter_key(it), .length = json_object_iter_key_len(it)};
        if (jj_names_find(&rules->names, step.name, step.length, &index)) {
            rule = &rules->members[index];
            required += rule->required;
            step.declared = true;
        }
        jj_subject member = jj_subject_of(json_object_iter_value(it));
        jj_budget_spend(&run->budget, 1);
        ok = run_member(run, rules, rule, &member, &step) && ok;
    }
    if (required == rules->required_count || !jj_run_goes_on(run, ok)) {
        return ok;
    }
    for (size_t i = 0; run->report && i < rules->member_count; i++) {
        const jj_member_rule *rule = &rules->members[i];
        if (rule->required && !json_object_getn(value, rule->name, rule->length)) {
            jj_step_to missing = {
                .up = at, .name = rule->name, .length = rule->length, .declared = true};
            jj_run_problem(run, &missing, "required", "this member, which is missing");
        }
    }
    return false;
}

static bool run_dependent_names(jj_run *run, const jj_dependency *dependency, const json_t *value,
                                const jj_step_to *at)
{
    bool ok = true;
    for (size_t i = 0; i < json_array_size(dependency->required) && jj_run_goes_on(run, ok); i++) {
        const json_t *name = json_array_get(dependency->required, i);
        jj_step_to missing = {.up = at,
                              .name = json_string_value(name),
                              .length = json_string_length(name),
                              .declared = true};
        jj_budget_spend(&run->budget, 1);
        if (!json_object_getn(value, missing.name, missing.length)) {
            ok = jj_run_problem(run, &missing, "dependentRequired",
                                "this member, because there is %s", dependency->name);
        }
    }
    return ok;
}

static bool run_dependencies(jj_run *run, const jj_object_rules *rules, const jj_subject *subject,
                             const jj_step_to *at)
{
    bool ok = true;
    for (size_t i = 0; i < rules->dependency_count && jj_run_goes_on(run, ok); i++) {
        const jj_dependency *dependency = &rules->dependencies[i];
        if (!json_object_getn(subject->json, dependency->name, dependency->length)) {
            continue;
        }
        if (dependency->required) {
            ok = run_dependent_names(run, dependency, subject->json, at) && ok;
        }
        if (dependency->node && jj_run_goes_on(run, ok)) {
            ok = jj_run_node(run, dependency->node, subject, at) && ok;
        }
    }
    return ok;
}

bool jj_run_object(jj_run *run, const jj_object_rules *rules, const jj_subject *subject,
                   const jj_step_to *at)
{
    size_t size = json_object_size(subject->json);
    bool ok = true;
    if (size < rules->min) {
        ok = jj_run_problem(run, at, "minProperties", "at least %zu member%s", rules->min,
                            jj_plural(rules->min));
    }
    if (size > rules->max) {
        ok = jj_run_problem(run, at, "maxProperties", "at most %zu member%s", rules->max,
                            jj_plural(rules->max));
    }
    if (jj_run_goes_on(run, ok)) {
        ok = run_members(run, rules, subject->json, at) && ok;
    }
    return rules->dependency_count && jj_run_goes_on(run, ok)
               ? run_dependencies(run, rules, subject, at) && ok
               : ok;
}

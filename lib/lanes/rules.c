/* SPDX-License-Identifier: MIT */
#include "lanes/rules.h"

void ar_rules_release(struct ar_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        struct ar_rule *rule = &rules->rule[i];
        for (size_t k = 0; k < rule->n_values; k++)
            free(rule->values[k]);
        free(rule->values);
        free(rule->column);
    }
    free(rules->rule);
    *rules = (struct ar_rules){ 0 };
}

struct ar_rule *ar_rules_add(struct ar_rules *rules, const char *column)
{
    struct ar_rule *grown = reallocarray(rules->rule, rules->n + 1, sizeof *grown);
    if (!grown)
        return NULL;
    rules->rule = grown;
    struct ar_rule *rule = &grown[rules->n];
    *rule = (struct ar_rule){ .column = strdup(column) };
    if (!rule->column)
        return NULL;
    rules->n++;
    return rule;
}

int ar_rule_add_value(struct ar_rule *rule, const char *value)
{
    char **grown = reallocarray(rule->values, rule->n_values + 1, sizeof *grown);
    if (!grown)
        return -1;
    rule->values = grown;
    grown[rule->n_values] = strdup(value);
    if (!grown[rule->n_values])
        return -1;
    rule->n_values++;
    return 0;
}

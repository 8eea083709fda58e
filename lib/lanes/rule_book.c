/* SPDX-License-Identifier: MIT */
#include "lanes/rule_book.h"

#include "lanes/entries.h"

#define COLUMN_ENTITY "Entity"

void ar_rule_book_release(struct ar_rule_book *book)
{
    for (size_t i = 0; i < book->n; i++) {
        ar_rules_release(&book->page[i].rules);
        free(book->page[i].set);
    }
    free(book->page);
    *book = (struct ar_rule_book){ 0 };
}

/* The page of the set (NULL: of every set), which is made where it is missing. */
static struct ar_rule_page *page_of(struct ar_rule_book *book, const char *set, size_t n, struct ar_error *error)
{
    for (size_t i = 0; i < book->n; i++) {
        const char *name = book->page[i].set;
        if (set ? name && strlen(name) == n && memcmp(name, set, n) == 0 : !name)
            return &book->page[i];
    }
    struct ar_rule_page *grown = reallocarray(book->page, book->n + 1, sizeof *grown);
    char *name = set ? strndup(set, n) : NULL;
    if (grown)
        book->page = grown;
    if (!grown || (set && !name)) {
        free(name);
        ar_fail_memory(error);
        return NULL;
    }
    grown[book->n] = (struct ar_rule_page){ .set = name };
    return &grown[book->n++];
}

/* Adds a value to the rule for the column, which is made where it is missing. */
static int add_value(struct ar_rules *rules, const char *column, const char *value, struct ar_error *error)
{
    struct ar_rule *rule = NULL;
    for (size_t i = 0; i < rules->n; i++)
        if (strcmp(rules->rule[i].column, column) == 0)
            rule = &rules->rule[i];
    if (!rule)
        rule = ar_rules_add(rules, column);
    return rule && ar_rule_add_value(rule, value) == 0 ? 0 : ar_fail_memory(error);
}

/* Finds the page of "SET=REST" or "REST", and moves *text to REST. */
static struct ar_rule_page *page_of_text(struct ar_rule_book *book, const char **text, struct ar_error *error)
{
    size_t n = strcspn(*text, "=");
    bool has_set = (*text)[n] == '=' && (*text)[n + 1] != '=' && ar_set_name_ok(*text, n);
    struct ar_rule_page *page = page_of(book, has_set ? *text : NULL, n, error);
    if (has_set)
        *text += n + 1;
    return page;
}

/* A set for which no rule was asked must have none. */
static int check_page(const struct ar_rule_page *page, struct ar_error *error)
{
    if (!page->rules.none || page->rules.n == 0)
        return 0;
    return ar_fail(error, AR_INPUT, "the set '%s' has a rule, and --none asks for none", page->set);
}

int ar_rule_book_add_entity(struct ar_rule_book *book, const char *text, struct ar_error *error)
{
    struct ar_rule_page *page = page_of_text(book, &text, error);
    return page && add_value(&page->rules, COLUMN_ENTITY, text, error) == 0 ? check_page(page, error) : -1;
}

int ar_rule_book_add_where(struct ar_rule_book *book, const char *text, struct ar_error *error)
{
    const char *whole = text;
    struct ar_rule_page *page = page_of_text(book, &text, error);
    if (!page)
        return -1;
    const char *equals = strstr(text, "==");
    if (!equals || equals == text) {
        ar_fail(error, AR_INPUT, "-w '%s': expected [SET=]COLUMN==VALUE", whole);
        return ar_hint(error, "As in -w 'Channel==1' or -w 'activity_spots=Channel==1'.");
    }
    char *column = strndup(text, (size_t)(equals - text));
    int result = column ? add_value(&page->rules, column, equals + 2, error) : ar_fail_memory(error);
    free(column);
    return result == 0 ? check_page(page, error) : -1;
}

int ar_rule_book_add_none(struct ar_rule_book *book, const char *set, struct ar_error *error)
{
    if (!ar_set_name_ok(set, strlen(set)))
        return ar_fail(error, AR_INPUT, "--none '%s': expected the name of a set", set);
    struct ar_rule_page *page = page_of(book, set, strlen(set), error);
    if (!page)
        return -1;
    page->rules.none = true;
    return check_page(page, error);
}

/* Appends whole rules. */
static int add_rules(struct ar_rules *to, const struct ar_rules *from, struct ar_error *error)
{
    for (size_t i = 0; i < from->n; i++) {
        struct ar_rule *rule = ar_rules_add(to, from->rule[i].column);
        for (size_t k = 0; rule && k < from->rule[i].n_values; k++)
            if (ar_rule_add_value(rule, from->rule[i].values[k]) != 0)
                return ar_fail_memory(error);
        if (!rule)
            return ar_fail_memory(error);
    }
    to->none |= from->none;
    return 0;
}

/* Adds the values of a page to the rules for their columns. */
static int add_page(struct ar_rules *to, struct ar_rule_page *page, struct ar_error *error)
{
    page->used = true;
    to->none |= page->rules.none;
    for (size_t i = 0; i < page->rules.n; i++)
        for (size_t k = 0; k < page->rules.rule[i].n_values; k++)
            if (add_value(to, page->rules.rule[i].column, page->rules.rule[i].values[k], error) != 0)
                return -1;
    return 0;
}

int ar_rule_book_collect(struct ar_rule_book *book, const char *set, const struct ar_rules *first, struct ar_rules *rules,
                         struct ar_error *error)
{
    struct ar_rules own = { 0 };
    int result = first ? add_rules(rules, first, error) : 0;
    for (size_t i = 0; i < book->n && result == 0; i++)
        if (book->page[i].set && strcmp(book->page[i].set, set) == 0)
            result = add_page(&own, &book->page[i], error);
    for (size_t i = 0; i < book->n && result == 0; i++)
        if (!book->page[i].set && !own.none)
            result = add_page(&own, &book->page[i], error);
    if (result == 0)
        result = add_rules(rules, &own, error);
    ar_rules_release(&own);
    return result;
}

const char *ar_rule_book_unused(const struct ar_rule_book *book)
{
    for (size_t i = 0; i < book->n; i++)
        if (book->page[i].set && !book->page[i].used)
            return book->page[i].set;
    return NULL;
}

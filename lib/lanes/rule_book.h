/* SPDX-License-Identifier: MIT */
/*
 * The cleansing rules of all sets: what was asked for by set or for every set, and what follows for each.
 */
#ifndef AR_LANES_RULE_BOOK_H
#define AR_LANES_RULE_BOOK_H

#include "lanes/rules.h"

struct ar_rule_page {
    char *set; /* NULL: for every set */
    struct ar_rules rules;
    bool used;
};

/* A zeroed struct is empty. */
struct ar_rule_book {
    struct ar_rule_page *page;
    size_t n;
};

void ar_rule_book_release(struct ar_rule_book *book);

/*
 * Adds what an option says: "[SET=]ENTITY" keeps rows of this entity; "[SET=]COLUMN==VALUE" those whose cell equals VALUE; a
 * set's name alone asks for no rule. Values for one column are alternatives. An entity with a '=' needs the set before it. 0, or
 * -1 (AR_INPUT): not of this form.
 */
int ar_rule_book_add_entity(struct ar_rule_book *book, const char *text, struct ar_error *error) AR_MUST_USE;
int ar_rule_book_add_where(struct ar_rule_book *book, const char *text, struct ar_error *error) AR_MUST_USE;
int ar_rule_book_add_none(struct ar_rule_book *book, const char *set, struct ar_error *error) AR_MUST_USE;

/*
 * Appends to rules what holds for a set: first (the manifest's rules; or NULL), then its own ones and those for every set,
 * unless it asks for none. 0, or -1 when memory ran out.
 */
int ar_rule_book_collect(struct ar_rule_book *book, const char *set, const struct ar_rules *first, struct ar_rules *rules,
                         struct ar_error *error) AR_MUST_USE;

/* A set that was asked for by name and never collected, or NULL. */
const char *ar_rule_book_unused(const struct ar_rule_book *book);

#endif

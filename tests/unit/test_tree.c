/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "codecs/tree.h"

static struct ar_error error;

static bool load(struct ar_tree *tree, const char *text)
{
    *tree = (struct ar_tree){ 0 };
    bool loaded = ar_tree_parse(tree, text, strlen(text), "x", &error) == 0;
    CHECK(loaded, "%s: %s", text, error.what);
    return loaded;
}

static void check_dump(const struct ar_node *node, const char *want)
{
    struct ar_buf buf;
    ar_buf_init(&buf);
    ar_node_dump(&buf, node);
    CHECK_TEXT(buf.data, want);
    ar_buf_release(&buf);
}

/* A text in the form that is written comes out as it went in, be it a plain one or not. */
static void test_texts_come_out_as_they_went_in(void)
{
    static const char *const texts[] = {
        "{}", "[]", "0", "-1", "999999999999999999", "9223372036854775807", "-9223372036854775808", "0.5", "-2.25", "\"\"", "null",
        "true", "false", "{\"\":{\"b\":[[],[{}],[1,-20,\"x\"]],\"a\":null},\"z\\n\":[0.5,false]}", "[\"\\\\\\\"\\u001f\\b/é輝\"]",
    };
    for (size_t i = 0; i < AR_COUNT(texts); i++) {
        struct ar_tree tree;
        if (load(&tree, texts[i]))
            check_dump(tree.root, texts[i]);
        ar_tree_release(&tree);
    }
}

static void test_what_is_in_it(void)
{
    struct ar_tree tree;
    if (!load(&tree, " {\"a\" : [1, -2, \"x\" , 0.5],\n\"b\":{\"c\":\"é\",\"d\":7},\"n\":null,\"t\":true,\"f\":false} "))
        return;
    const struct ar_node *a = ar_node_get(tree.root, "a"), *b = ar_node_get(tree.root, "b"), *item = ar_node_items(a);
    CHECK(ar_node_size(tree.root) == 5 && ar_node_size(a) == 4 && ar_node_size(b) == 2);
    CHECK(ar_node_is(item, AR_NODE_INTEGER) && item->integer == 1 && !item->name && ar_node_count(item) == 1);
    CHECK(item->next->integer == -2 && ar_node_count(item->next) == 0, "a count is not negative");
    CHECK_TEXT(ar_node_text(item->next->next), "x");
    CHECK(ar_node_last(a)->real > 0.49 && ar_node_last(a)->real < 0.51 && !ar_node_last(a)->next);
    CHECK_TEXT(ar_node_text_of(b, "c"), "é");
    CHECK(ar_node_count_of(b, "d") == 7 && ar_node_count_of(b, "c") == 0 && ar_node_count_of(b, "x") == 0);
    CHECK(ar_node_is(ar_node_get(tree.root, "n"), AR_NODE_NULL) && ar_node_is(ar_node_get(tree.root, "t"), AR_NODE_TRUE) &&
          ar_node_is(ar_node_get(tree.root, "f"), AR_NODE_FALSE));
    const struct ar_node *member = ar_node_members(tree.root);
    for (const char *names = "abntf"; *names && member; names++, member = member->next)
        CHECK(member->name[0] == *names && member->name_len == 1, "%s", member->name);
    CHECK(!member, "five of them");
    /* an array has no members, an object no items, what is not there has neither */
    CHECK(!ar_node_items(b) && !ar_node_last(b) && !ar_node_members(a) && !ar_node_get(a, "a"));
    CHECK(!ar_node_items(NULL) && !ar_node_members(NULL) && !ar_node_get(NULL, "a") && !ar_node_text(NULL) &&
          ar_node_count(NULL) == 0 && ar_node_size(NULL) == 0 && ar_node_size(member) == 0 && !ar_node_equal(NULL, NULL));
    ar_tree_release(&tree);
}

/* ---- building ------------------------------------------------------------------------------------------------------- */

static void test_building(void)
{
    struct ar_tree tree = { 0 };
    struct ar_node *root = ar_tree_put(&tree, NULL, NULL, AR_NODE_OBJECT);
    struct ar_node *list = ar_tree_put(&tree, root, "list", AR_NODE_ARRAY);
    ar_tree_put_text(&tree, root, "text", "a\"b");
    ar_tree_put_count(&tree, root, "count", 12);
    ar_tree_put_count(&tree, list, NULL, 1);
    ar_tree_put(&tree, list, NULL, AR_NODE_TRUE);
    ar_tree_put_text(&tree, ar_tree_put(&tree, list, NULL, AR_NODE_OBJECT), "in", "");
    CHECK(ar_tree_check(&tree, &error) == 0);
    check_dump(root, "{\"list\":[1,true,{\"in\":\"\"}],\"text\":\"a\\\"b\",\"count\":12}");
    /* who gives way keeps the place, whatever comes */
    ar_tree_put_count(&tree, root, "list", 3);
    ar_tree_put(&tree, root, "text", AR_NODE_ARRAY);
    ar_tree_put_text(&tree, root, "count", "many");
    ar_tree_put(&tree, root, "more", AR_NODE_NULL);
    check_dump(root, "{\"list\":3,\"text\":[],\"count\":\"many\",\"more\":null}");
    ar_node_drop(root, "text");
    check_dump(root, "{\"list\":3,\"count\":\"many\",\"more\":null}");
    ar_node_drop(root, "more");
    ar_node_drop(root, "none");
    ar_tree_put_count(&tree, root, "last", 1);
    check_dump(root, "{\"list\":3,\"count\":\"many\",\"last\":1}");
    ar_node_drop(root, "list");
    check_dump(root, "{\"count\":\"many\",\"last\":1}");
    ar_node_drop(root, "last");
    ar_node_drop(root, "count");
    CHECK(ar_node_size(root) == 0 && !ar_node_members(root));
    ar_tree_put_count(&tree, root, "new", 1);
    check_dump(root, "{\"new\":1}");
    ar_node_clear(root);
    check_dump(root, "{}");
    CHECK(ar_tree_check(&tree, &error) == 0);
    ar_tree_release(&tree);
}

static void test_copies(void)
{
    struct ar_tree from, to = { 0 };
    static const char text[] = "{\"a\":[1,0.5,{\"b\":\"x\",\"c\":null}],\"d\":true}";
    if (!load(&from, text))
        return;
    struct ar_node *root = ar_tree_put_copy(&to, NULL, NULL, from.root);
    CHECK(ar_node_equal(root, from.root) && to.root == root);
    ar_tree_put_copy(&to, root, "e", ar_node_get(from.root, "a"));
    ar_tree_release(&from);
    check_dump(root, "{\"a\":[1,0.5,{\"b\":\"x\",\"c\":null}],\"d\":true,\"e\":[1,0.5,{\"b\":\"x\",\"c\":null}]}");
    ar_tree_release(&to);
}

/* What cannot be put turns the tree bad, and nothing is put from then on. */
static void check_bad(struct ar_node *(*put)(struct ar_tree *tree, struct ar_node *root))
{
    struct ar_tree tree = { 0 };
    struct ar_node *root = ar_tree_put(&tree, NULL, NULL, AR_NODE_OBJECT);
    CHECK(root && !put(&tree, root) && ar_tree_check(&tree, &error) == -1);
    CHECK(!ar_tree_put_count(&tree, root, "a", 1) && ar_node_size(root) == 0);
    ar_tree_release(&tree);
}

static struct ar_node *put_nowhere(struct ar_tree *tree, struct ar_node *root)
{
    return ar_tree_put_count(tree, ar_node_get(root, "none"), "a", 1);
}

static struct ar_node *put_item(struct ar_tree *tree, struct ar_node *root)
{
    return ar_tree_put_count(tree, root, NULL, 1);
}

static struct ar_node *put_latin1(struct ar_tree *tree, struct ar_node *root)
{
    return ar_tree_put_text(tree, root, "a", "\xe9");
}

static struct ar_node *put_latin1_name(struct ar_tree *tree, struct ar_node *root)
{
    return ar_tree_put(tree, root, "\xe9", AR_NODE_TRUE);
}

static struct ar_node *put_no_json(struct ar_tree *tree, struct ar_node *root)
{
    return ar_tree_put_json(tree, root, "a", NULL);
}

static void test_bad_trees(void)
{
    check_bad(put_nowhere);
    check_bad(put_item);
    check_bad(put_latin1);
    check_bad(put_latin1_name);
    check_bad(put_no_json);
}

static void check_equal(const char *a, const char *b, bool want)
{
    struct ar_tree one, other;
    if (load(&one, a) && load(&other, b))
        CHECK(ar_node_equal(one.root, other.root) == want && ar_node_equal(other.root, one.root) == want, "%s %s", a, b);
    ar_tree_release(&one);
    ar_tree_release(&other);
}

static void test_equal(void)
{
    check_equal("{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true);
    check_equal("[1,2]", "[2,1]", false);
    check_equal("[1,2]", "[1]", false);
    check_equal("{\"a\":1}", "{\"b\":1}", false);
    check_equal("{\"a\":1}", "{\"a\":2}", false);
    check_equal("{\"a\":1}", "{\"a\":1,\"b\":1}", false);
    check_equal("1", "1.0", false);
    check_equal("0.5", "0.5", true);
    check_equal("0.5", "0.25", false);
    check_equal("\"a\"", "\"a\"", true);
    check_equal("\"a\"", "\"b\"", false);
    check_equal("true", "false", false);
    check_equal("null", "null", true);
    check_equal("{}", "[]", false);
}

/* A tree that is cleared is an empty one, whatever was in it: a little, much, or nothing at all. */
static void test_cleared(void)
{
    struct ar_tree tree = { 0 };
    ar_tree_clear(&tree);
    CHECK(!tree.root && !tree.piece);
    for (int n = 1; n <= 100000; n *= 10) {
        struct ar_node *root = ar_tree_put(&tree, NULL, NULL, AR_NODE_ARRAY);
        for (int i = 0; i < n; i++)
            ar_tree_put_count(&tree, root, NULL, (uint64_t)i);
        CHECK(ar_tree_check(&tree, &error) == 0 && ar_node_size(root) == (size_t)n && ar_node_count(ar_node_last(root)) == (uint64_t)n - 1);
        if (n == 1000)
            ar_tree_put_text(&tree, root, NULL, "\xe9"); /* turns it bad */
        ar_tree_clear(&tree);
        CHECK(!tree.root && ar_tree_check(&tree, &error) == 0 && ar_tree_parse(&tree, "[1]", 3, "x", &error) == 0);
        check_dump(tree.root, "[1]");
        ar_tree_clear(&tree);
    }
    ar_tree_release(&tree);
}

/* ---- many members --------------------------------------------------------------------------------------------------- */

enum { MANY = 100000 };

/* Every one is found, whatever was taken out before: each third goes. In well under a second: nothing looks at all of them. */
static void test_many_members(void)
{
    struct ar_buf text, back;
    struct ar_tree tree;
    char name[24];
    ar_buf_init(&text);
    ar_buf_init(&back);
    for (int i = 0; i < MANY; i++)
        ar_buf_add_format(&text, "%s\"k%d\":%d", i ? "," : "{", i, i);
    ar_buf_add_char(&text, '}');
    if (load(&tree, text.data)) {
        ar_node_dump(&back, tree.root);
        CHECK_BYTES(back.data, back.len, text.data, text.len);
        for (int i = 0; i < MANY; i += 3) {
            snprintf(name, sizeof name, "k%d", i);
            ar_node_drop(tree.root, name);
        }
        size_t wrong = 0;
        for (int i = 0; i < MANY; i++) {
            snprintf(name, sizeof name, "k%d", i);
            const struct ar_node *found = ar_node_get(tree.root, name);
            wrong += i % 3 == 0 ? found != NULL : !found || found->integer != i;
        }
        CHECK(wrong == 0 && ar_node_size(tree.root) == MANY - (MANY + 2) / 3, "%zu", wrong);
        for (int i = 0; i < MANY; i += 3) {
            snprintf(name, sizeof name, "k%d", i);
            ar_tree_put_count(&tree, tree.root, name, 1);
        }
        CHECK(ar_tree_check(&tree, &error) == 0 && ar_node_size(tree.root) == MANY && tree.root->in.first->before->integer == 1);
    }
    ar_tree_release(&tree);
    ar_buf_release(&text);
    ar_buf_release(&back);
}

/* Around the number from which on there is an index: each of n is found, and a second one of a name is refused. */
static void test_few_and_more_members(void)
{
    for (int n = 1; n < 80; n++) {
        struct ar_tree tree = { 0 }, none = { 0 };
        struct ar_buf text;
        char name[24];
        ar_buf_init(&text);
        for (int i = 0; i < n; i++)
            ar_buf_add_format(&text, "%s\"k%d\":%d", i ? "," : "{", i, i);
        for (int i = 0; i < n; i++) {
            size_t len = text.len;
            ar_buf_add_format(&text, ",\"k%d\":0}", i);
            CHECK(ar_tree_parse(&none, text.data, text.len, "x", &error) == -1 && strstr(error.what, "twice"), "%s", error.what);
            ar_buf_truncate(&text, len);
        }
        ar_buf_add_char(&text, '}');
        if (load(&tree, text.data))
            for (int i = 0; i < n; i++) {
                snprintf(name, sizeof name, "k%d", i);
                CHECK(ar_node_get(tree.root, name) && ar_node_get(tree.root, name)->integer == i, "%s of %d", name, n);
            }
        ar_tree_release(&tree);
        ar_buf_release(&text);
    }
}

/* ---- against jansson ------------------------------------------------------------------------------------------------ */

/* What is read fast is read as jansson reads it, and nothing that jansson refuses. */
static void check_plain(const char *text, size_t n, bool plain)
{
    struct ar_tree tree = { 0 };
    bool read = ar_tree_parse_plain(&tree, text, n);
    json_t *fast = read ? ar_node_json(tree.root) : NULL;
    json_t *slow = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    CHECK(read == (tree.root != NULL) && read == (fast != NULL) && (!read || json_equal(fast, slow)), "%.*s", (int)n, text);
    CHECK(!plain || read, "%.*s", (int)n, text);
    json_decref(fast);
    json_decref(slow);
    ar_tree_release(&tree);
}

static void test_plain_texts(void)
{
    static const char text[] = " {\"a\":[ ],\"b\" : { }, \"é\":[1,-20 ,0,{\"x\":\"輝, \\t\"},999999999999999999],\"c\":true,\"d\":[false,null]}\n";
    static const char marks[] = "\"\\{}[],:01-.eE tfn\x01\x80";
    static const char *const refused[] = {
        "", " ", "{\"a\":1,\"a\":1}", "01", "-", "1 2", "[1,]", "{,}", "tru", "\"a", "[1", "{\"a\"}", "[}", "nul",
    };
    char copy[sizeof text];
    size_t n = strlen(text);
    memcpy(copy, text, sizeof text);
    char *escape = strstr(copy, "\\t");
    memcpy(escape, "  ", 2);
    check_plain(copy, n, true);
    for (size_t i = 0; i < AR_COUNT(refused); i++) {
        struct ar_tree none = { 0 };
        CHECK(!ar_tree_parse_plain(&none, refused[i], strlen(refused[i])), "%s", refused[i]);
        ar_tree_release(&none);
    }
    check_plain(text, n, false);
    check_plain("123456789012345678", 18, true);
    check_plain("1234567890123456789", 19, false);
    for (size_t i = 0; i <= n; i++) {
        check_plain(text, i, false);
        for (size_t k = 0; i < n && k < sizeof marks - 1; k++) {
            memcpy(copy, text, n);
            memcpy(escape, "  ", 2);
            copy[i] = marks[k];
            check_plain(copy, n, false);
        }
    }
}

static uint64_t random_state = 42;

static unsigned any_of(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % n);
}

/* A document by chance. With plain, one that is read the quick way. */
static void add_any(struct ar_buf *buf, unsigned depth, bool plain)
{
    static const char *const texts[] = { "\"\"", "\"a b\"", "\"é輝\"", "\"0123456789abcdef\"", "\"\\n\\u00e9\"", "\"\\\\\"" };
    static const char *const values[] = { "0",    "-1",    "123456789012345678", "null", "true",
                                          "false", "[ ]", "{}",                  "9223372036854775807", "-0.25", "1e3" };
    unsigned kind = any_of(depth ? 4 : 2), n = any_of(6);
    if (kind == 0 || depth == 0) {
        bool text = any_of(2);
        ar_buf_add_text(buf, text ? texts[any_of(plain ? 4 : 6)] : values[any_of(plain ? 8 : 11)]);
        return;
    }
    if (any_of(20) == 0)
        n += 40;
    ar_buf_add_text(buf, kind == 1 ? "[ " : "{\n");
    for (unsigned i = 0; i < n; i++) {
        ar_buf_add_text(buf, i ? ", " : "");
        if (kind != 1)
            ar_buf_add_format(buf, "\"%s%u\" :", plain || any_of(2) ? "k" : "\\t", i);
        add_any(buf, depth - 1, plain);
    }
    ar_buf_add_text(buf, kind == 1 ? "]" : "\t}");
}

/* Read by us and by jansson, made of jansson's and made into one, it is the same tree and the same text. */
static void check_any(const struct ar_buf *text, bool plain)
{
    struct ar_tree tree = { 0 }, made = { 0 }, again = { 0 };
    struct ar_buf ours, theirs;
    json_t *json = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    CHECK(json && ar_tree_parse(&tree, text->data, text->len, "x", &error) == 0, "%s", text->data);
    if (!json || !tree.root)
        return;
    CHECK(!plain || ar_tree_parse_plain(&again, text->data, text->len), "%s", text->data);
    ar_tree_put_json(&made, NULL, NULL, json);
    json_t *back = ar_node_json(tree.root);
    CHECK(ar_tree_check(&made, &error) == 0 && ar_node_equal(tree.root, made.root) && json_equal(json, back), "%s", text->data);
    ar_buf_init(&ours);
    ar_buf_init(&theirs);
    ar_node_dump(&ours, tree.root);
    ar_json_dump(&theirs, json);
    CHECK_BYTES(ours.data, ours.len, theirs.data, theirs.len);
    ar_buf_release(&ours);
    ar_buf_release(&theirs);
    json_decref(json);
    json_decref(back);
    ar_tree_release(&tree);
    ar_tree_release(&made);
    ar_tree_release(&again);
}

static void test_any_documents(void)
{
    struct ar_buf text;
    ar_buf_init(&text);
    for (int i = 0; i < 4000; i++) {
        ar_buf_clear(&text);
        add_any(&text, any_of(6), i % 2);
        check_any(&text, i % 2);
    }
    ar_buf_release(&text);
}

/* The same is refused as by jansson, with the same words; and what is deeper than the quick way goes is taken. */
static void test_refused(void)
{
    static const char *const texts[] = { "", "{\"a\":1,\"a\":2}", "[1,]", "\"\\ud800\"", "\"\xff\"", "[NaN]", "\xEF\xBB\xBF{}", "1e999" };
    for (size_t i = 0; i < AR_COUNT(texts); i++) {
        struct ar_tree tree = { 0 };
        struct ar_error other = { 0 };
        CHECK(ar_tree_parse(&tree, texts[i], strlen(texts[i]), "x", &error) == -1 && error.status == AR_INPUT && !tree.root && !tree.piece);
        CHECK(!ar_json_load(texts[i], strlen(texts[i]), false, "x", &other));
        CHECK_TEXT(error.what, other.what);
    }
    for (size_t depth = 60; depth <= 70; depth++) {
        char text[200] = "";
        struct ar_tree tree;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        if (load(&tree, text))
            check_dump(tree.root, text);
        CHECK(ar_tree_parse_plain(&tree, text, 2 * depth) == (depth <= 64));
        ar_tree_release(&tree);
    }
}

int main(void)
{
    test_texts_come_out_as_they_went_in();
    test_what_is_in_it();
    test_building();
    test_copies();
    test_bad_trees();
    test_equal();
    test_cleared();
    test_many_members();
    test_few_and_more_members();
    test_plain_texts();
    test_any_documents();
    test_refused();
    return check_done();
}

/* SPDX-License-Identifier: MIT */
/* Schemas: what is accepted and refused, how that is told, and that filling in defaults changes no other byte. */
#include "check.h"

#include "methods/schema.h"

static struct ar_error error;

/* A readable way to write JSON in C: ' for ". */
static char *quoted(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

static struct ar_schema *compile(const char *text)
{
    char *json = quoted(text);
    error = (struct ar_error){ 0 };
    struct ar_schema *schema = ar_schema_compile(json, strlen(json), "schema", &error);
    free(json);
    return schema;
}

static void check_no_schema(const char *text, const char *part)
{
    struct ar_schema *schema = compile(text);
    CHECK(!schema && error.status == AR_INPUT && (strstr(error.what, part) || strstr(error.hint, part)), "%s: %s (%s)", text,
          error.what, error.hint);
    ar_schema_free(schema);
}

/* params, applied, become want; applied once more, they stay. */
static void check_filled(const struct ar_schema *schema, const char *params, const char *want)
{
    char *in = quoted(params), *out = quoted(want);
    struct ar_buf got, again;
    ar_buf_init(&got);
    ar_buf_init(&again);
    error = (struct ar_error){ 0 };
    CHECK(ar_schema_apply(schema, in, strlen(in), &got, "params", &error) == 0, "%s: %s", params, error.what);
    CHECK_TEXT(got.data, out);
    CHECK(ar_schema_apply(schema, got.data, got.len, &again, "params", &error) == 0);
    CHECK_TEXT(again.data, got.data);
    ar_buf_release(&got);
    ar_buf_release(&again);
    free(in);
    free(out);
}

static void check_same(const struct ar_schema *schema, const char *params)
{
    check_filled(schema, params, params);
}

static void check_wrong(const struct ar_schema *schema, const char *params, const char *message)
{
    char *in = quoted(params);
    struct ar_buf got;
    ar_buf_init(&got);
    error = (struct ar_error){ 0 };
    CHECK(ar_schema_apply(schema, in, strlen(in), &got, "params", &error) == -1 && error.status == AR_INPUT, "%s", params);
    CHECK_TEXT(error.what, message);
    CHECK(got.len == 0);
    ar_buf_release(&got);
    free(in);
}

/* One schema for the property x: a value that fits, and one that does not, with what is said of it. NULL: none. */
static void check_x(const char *schema_of_x, const char *good, const char *bad, const char *said)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add_format(&text, "{'properties': {'x': %s}}", schema_of_x);
    struct ar_schema *schema = compile(text.data);
    CHECK(schema != NULL, "%s: %s", schema_of_x, error.what);
    if (schema && good) {
        ar_buf_clear(&text);
        ar_buf_add_format(&text, "{'x': %s}", good);
        check_same(schema, text.data);
    }
    if (schema && bad) {
        struct ar_buf message;
        ar_buf_init(&message);
        ar_buf_clear(&text);
        ar_buf_add_format(&text, "{'x': %s}", bad);
        ar_buf_add_format(&message, "params %s", said);
        check_wrong(schema, text.data, message.data);
        ar_buf_release(&message);
    }
    ar_buf_release(&text);
    ar_schema_free(schema);
}

static void test_types(void)
{
    check_x("{'type': 'number'}", "1e400", "'high'", "/x: 'high' is a text, not a number");
    check_x("{'type': 'number'}", "5", "true", "/x: true is not a number");
    check_x("{'type': 'integer'}", "5.0", "5.5", "/x: 5.5 is not an integer");
    check_x("{'type': 'integer'}", "123456789012345678901234567890", "false", "/x: false is not an integer");
    check_x("{'type': 'integer'}", "1e400", "1e-400", "/x: 1e-400 is not an integer");
    check_x("{'type': 'string'}", "'5'", "5", "/x: 5 is not a string");
    check_x("{'type': 'boolean'}", "false", "0", "/x: 0 is not true or false");
    check_x("{'type': 'null'}", "null", "0", "/x: 0 is not null");
    check_x("{'type': 'array'}", "[1, 'a']", "{}", "/x: an object is not an array");
    check_x("{'type': 'object'}", "{'x': 1}", "[]", "/x: an array is not an object");
    check_x("{'type': ['string', 'null']}", "null", "1", "/x: 1 is not a string or null");
    check_x("{'type': ['integer', 'string', 'null']}", "'a'", "[]", "/x: an array is not an integer, a string or null");
    check_x("{}", "[{}]", NULL, NULL);
    check_x("true", "1", NULL, NULL);
    check_x("false", NULL, "1", "/x: 1 is not allowed, as nothing is here");
}

static void test_limits(void)
{
    check_x("{'minimum': 1}", "1.0", "0", "/x: 0 is less than 1");
    check_x("{'maximum': 1e2}", "100", "100.5", "/x: 100.5 is greater than 1e2");
    check_x("{'exclusiveMinimum': 0}", "1e-400", "-0.0", "/x: -0.0 is not greater than 0");
    check_x("{'exclusiveMaximum': 9007199254740993}", "9007199254740992", "9007199254740993.0",
            "/x: 9007199254740993.0 is not less than 9007199254740993");
    check_x("{'minimum': 1}", "'a'", NULL, NULL);
    check_x("{'minLength': 2}", "'é😀'", "'é'", "/x: 'é' has 1 character, at least 2 are required");
    check_x("{'maxLength': 2}", "'\\ud83d\\ude00\\u00e9'", "'éab'", "/x: 'éab' has 3 characters, at most 2 are allowed");
    check_x("{'pattern': 'b+'}", "'abc'", "'ac'", "/x: 'ac' does not match the pattern 'b+'");
    check_x("{'pattern': '^.$'}", "'é'", "'a\\n'", "/x: 'a\n' does not match the pattern '^.$'");
    check_x("{'pattern': '^\\\\u00e9$'}", "'é'", "'e'", "/x: 'e' does not match the pattern '^\\u00e9$'");
    check_x("{'enum': ['a', 1, null, [1, {'k': 2, 'l': []}]]}", "[1.0, {'l': [], 'k': 2e0}]", "'b'",
            "/x: 'b' is not one of 'a', 1, null or an array");
    check_x("{'enum': ['a', 1]}", "10e-1", "true", "/x: true is not one of 'a' or 1");
    check_x("{'enum': [{'k': 2}]}", "{'k': 2}", "{'k': 2, 'l': 1}", "/x: an object is not an object");
    check_x("{'items': {'type': 'integer'}}", "[1, 2]", "[1, 'a', 2, null]",
            "/x/1: 'a' is a text, not an integer; /x/3: null is not an integer");
    check_x("{'items': {'properties': {'a/b~': {'type': 'null'}}}}", "[{}, 5]", "[{'a/b~': 1}]", "/x/0/a~1b~0: 1 is not null");
    check_x("{'pattern': '(a+)+$', 'title': 't'}", "'aaa'", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'",
            "/x: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' takes too long to match with the pattern '(a+)+$'");
}

static void test_any_of(void)
{
    check_x("{'anyOf': [{'type': 'number'}, {'type': 'null'}]}", "null", "'high'", "/x: 'high' is a text, not a number or null");
    check_x("{'anyOf': [{'type': 'number', 'minimum': 1}, {'type': 'null'}]}", "1", "0", "/x: 0 is less than 1");
    check_x("{'anyOf': [{'minimum': 5}, {'maximum': 1}]}", "0", "3", "/x: 3 fits none of the 2 schemas of anyOf");
    check_x("{'anyOf': [{'type': 'string', 'enum': ['a']}, {'type': 'array', 'items': {'type': 'null'}}]}", "'a'", "[null, 1]",
            "/x/1: 1 is not null");
    struct ar_schema *schema =
        compile("{'properties': {'x': {'anyOf': [{'type': 'object', 'properties': {'kind': {'enum': ['a']}, 'p': "
                "{'default': 1}}}, {'type': 'object', 'properties': {'kind': {'enum': ['b']}, 'q': {'default': "
                "2}}}]}}}");
    check_filled(schema, "{'x': {'kind': 'b'}}", "{'x': {'kind': 'b', 'q': 2}}");
    check_filled(schema, "{'x': {'kind': 'a'}}", "{'x': {'kind': 'a', 'p': 1}}");
    ar_schema_free(schema);
}

static void test_properties(void)
{
    struct ar_schema *schema = compile("{'type': 'object', 'properties': {'threshold': {'type': 'number'}, 'n': {'minimum': 1}}, "
                                       "'required': ['n', 'threshold', 'z'], 'additionalProperties': {'type': 'string'}}");
    check_same(schema, "{'z': '', 'n': 1, 'threshold': 0.80, 'more': 'x'}");
    check_wrong(schema, "{'threshold': 'high', 'n': 0, 'more': 1}",
                "params /threshold: 'high' is a text, not a number; /n: 0 is less than 1; /more: 1 is not a string; /z: is missing");
    check_wrong(schema, "{'z': ''}", "params /threshold: is missing, it must be a number; /n: is missing");
    check_wrong(schema, "[]", "params: an array is not an object");
    check_wrong(schema, "5", "params: 5 is not an object");
    check_wrong(schema, "{'a': 1, 'a': 1}", "params, line 1: the member 'a' is there twice");
    ar_schema_free(schema);
    schema = compile("{'properties': {'a': {}, 'b': {}}, 'additionalProperties': false}");
    check_wrong(schema, "{'A': 1}", "params /A: is not known, what can be set is 'a', 'b'");
    ar_schema_free(schema);
    schema = compile("{'additionalProperties': {'type': 'null'}}");
    check_wrong(schema, "{'a':1,'b':1,'c':1,'d':1,'e':1,'f':1,'g':1,'h':1,'i':1,'j':1,'k':1,'l':1}",
                "params /a: 1 is not null; /b: 1 is not null; /c: 1 is not null; /d: 1 is not null; /e: 1 is not null; /f: 1 is "
                "not null; "
                "/g: 1 is not null; /h: 1 is not null; /i: 1 is not null; /j: 1 is not null; and 2 more");
    ar_schema_free(schema);
}

static void test_defaults(void)
{
    struct ar_schema *schema =
        compile("{'required': ['t', 's'], 'properties': {'s': {'default': 0.80}, 't': {'type': 'number', 'default': "
                "1E+400}, 'o': {'type': 'object', 'properties': {'\\u00e9': {'default': ' a '}, 'q': {}}}}}");
    CHECK(schema != NULL, "%s", error.what);
    check_filled(schema, "{}", "{'s': 0.80, 't': 1E+400}");
    check_filled(schema, " { } \n", " {'s': 0.80, 't': 1E+400 } \n");
    check_filled(schema, "{ 't' :0.50 }", "{ 't' :0.50, 's': 0.80 }");
    check_filled(schema, "{\n  'z': 1.10,\n  's': 2\n}\n", "{\n  'z': 1.10,\n  's': 2, 't': 1E+400\n}\n");
    check_same(schema, "{'t':1e400,'z':[1.0,  2],'s':0.800}\n");
    check_filled(schema, "{'s': 1, 'o': {}, 't': 2}", "{'s': 1, 'o': {'\\u00e9': ' a '}, 't': 2}");
    check_filled(schema, "{'s': 1, 'o': {'q': [ ] }}", "{'s': 1, 'o': {'q': [ ], '\\u00e9': ' a ' }, 't': 1E+400}");
    check_same(schema, "{'s': 1, 't': 1, 'o': {'é': 1}}");
    ar_schema_free(schema);
    /* A default that lacks defaults gets them; two schemas of one object add a property once; references count. */
    schema =
        compile("{'$defs': {'p': {'properties': {'a': {'default': 1}, 'b': {'$ref': '#/$defs/n'}}}, 'n': {'default': 2.50}}, "
                "'properties': {'o': {'$ref': '#/$defs/p', 'properties': {'a': {'default': 3}}, 'default': { }}}}");
    CHECK(schema != NULL, "%s", error.what);
    check_filled(schema, "{}", "{'o': {'a': 1, 'b': 2.50 }}");
    check_filled(schema, "{'o': {'b': null}}", "{'o': {'b': null, 'a': 1}}");
    check_same(schema, "{'o': 5}");
    ar_schema_free(schema);
    check_no_schema("{'properties': {'x': {'type': 'number', 'default': 'high'}}}",
                    "schema /properties/x/default: 'high' is a text, not a number");
    check_no_schema("{'$defs': {'a': {'items': {'default': {'k': [1]}, 'properties': {'k': {'items': {'enum': [2]}}}}}}}",
                    "schema /$defs/a/items/default/k/0: 1 is not 2");
    check_no_schema("{'$defs': {'n': {'properties': {'n': {'$ref': '#/$defs/n', 'default': {}}}}}}", "no end");
    check_no_schema("{'$defs': {'n': {'properties': {'n': {'$ref': '#/$defs/n', 'default': {}}, 'm': {'$ref': '#/$defs/n', "
                    "'default': {}}}}}}",
                    "no end");
}

static void test_references(void)
{
    struct ar_schema *schema =
        compile("{'$ref': '#/$defs/t~1r ~0', '$defs': {'t/r ~': {'type': 'object', 'required': ['v'], 'properties': {'v': "
                "{'type': 'integer'}, 'c': {'type': 'array', 'items': {'$ref': '#/$defs/t~1r ~0'}}}}}}");
    CHECK(schema != NULL, "%s", error.what);
    check_same(schema, "{'v': 1, 'c': [{'v': 2, 'c': []}, {'v': 3}]}");
    check_wrong(schema, "{'v': 1, 'c': [{'v': 2, 'c': [{}]}, {'v': 'x'}]}",
                "params /c/0/c/0/v: is missing, it must be an integer; /c/1/v: 'x' is a text, not an integer");
    ar_schema_free(schema);
    check_no_schema("{'$ref': '#/$defs/a', '$defs': {'b': {}}}", "schema /$ref: expected");
    check_no_schema("{'$ref': '#/$defs/a', '$defs': {'b': {}}}", "'b'");
    check_no_schema("{'$ref': 'other.json'}", "schema /$ref");
    check_no_schema("{'properties': {'a': {'$ref': '#'}}}", "schema /properties/a/$ref");
    check_no_schema("{'$defs': {'a': {'$ref': '#/$defs/a'}}}", "schema /$defs/a: the schema refers to itself");
    check_no_schema("{'$defs': {'a': {'anyOf': [{}, {'$ref': '#/$defs/b'}]}, 'b': {'$ref': '#/$defs/a'}}}", "refers to itself");
}

/* 2^40 ways to fail. */
static void test_alternatives_within_alternatives(void)
{
    struct ar_buf text;
    ar_buf_init(&text);
    ar_buf_add_text(&text, "{'properties': {'x': {'$ref': '#/$defs/d0'}}, '$defs': {");
    for (int i = 0; i < 40; i++)
        ar_buf_add_format(&text, "'d%d': {'anyOf': [{'$ref': '#/$defs/d%d'}, {'$ref': '#/$defs/d%d'}]}, ", i, i + 1, i + 1);
    ar_buf_add_text(&text, "'d40': {'type': 'null'}}}");
    struct ar_schema *schema = compile(text.data);
    CHECK(schema != NULL, "%s", error.what);
    check_same(schema, "{'x': null}");
    check_wrong(schema, "{'x': 1}", "params: the schema has too many alternatives (anyOf) within alternatives");
    ar_schema_free(schema);
    ar_buf_release(&text);
}

static void test_refused_keywords(void)
{
    check_no_schema("{'properties': {'x': {'const': 1}}}", "schema /properties/x/const: a keyword that is not known here");
    check_no_schema("{'properties': {'x': {'const': 1}}}", "enum");
    check_no_schema("{'properties': {'x': {'format': 'date'}}}", "/properties/x/format");
    check_no_schema("{'properties': {'x': {'prefixItems': []}}}", "/properties/x/prefixItems");
    check_no_schema("{'properties': {'a/b': {'anyOf': [{}, {'oneOf': []}]}}}", "/properties/a~1b/anyOf/1/oneOf");
    check_no_schema("{'properties': {'x': {'default': 1, 'Type': 'number'}}}", "/properties/x/Type");
    check_no_schema("{'type': 'float'}", "schema /type: expected 'null', 'boolean'");
    check_no_schema("{'type': []}", "/type");
    check_no_schema("{'type': ['string', 5]}", "found 5");
    check_no_schema("{'type': 'array'}", "params are an object");
    check_no_schema("{'type': ['string', 'null']}", "params are an object");
    check_no_schema("[]", "schema: expected a schema");
    check_no_schema("{'properties': []}", "schema /properties: expected an object");
    check_no_schema("{'properties': {'x': 5}}", "schema /properties/x: expected a schema");
    check_no_schema("{'required': 'x'}", "schema /required: expected a list");
    check_no_schema("{'required': ['x', 5]}", "schema /required/1: expected a name, found 5");
    check_no_schema("{'enum': []}", "schema /enum");
    check_no_schema("{'anyOf': {'a': {}}}", "schema /anyOf: expected a list");
    check_no_schema("{'anyOf': []}", "schema /anyOf: expected a list");
    check_no_schema("{'properties': {'x': {'minLength': -1}}}", "/minLength: expected a whole number");
    check_no_schema("{'properties': {'x': {'maxLength': 1.5}}}", "/maxLength");
    check_no_schema("{'properties': {'x': {'minimum': '1'}}}", "/minimum: expected a number, found '1'");
    check_no_schema("{'properties': {'x': {'pattern': '(a'}}}", "schema /properties/x/pattern: no regular expression");
    check_no_schema("{'properties': {'x': {'$defs': {}}}}", "/properties/x/$defs");
    check_no_schema("{'title': 5}", "schema /title");
    check_no_schema("{'items': 5}", "schema /items");
    check_no_schema("{", "line 1");
    struct ar_schema *schema =
        compile("{'title': 't', 'description': 'd', '$schema': 's', 'examples': [{}], 'deprecated': true}");
    check_same(schema, "{'whatever': [1e999]}");
    size_t n;
    const char *text = ar_schema_text(schema, &n);
    CHECK(n == strlen(text) && strstr(text, "\"title\": \"t\""));
    ar_schema_free(schema);
}

/* What pydantic 2.13 gives for a model with nested, optional, recursive, enumerated and restricted fields. */
static const char pydantic[] =
    "{'$defs': {'Inner': {'properties': {'sigma': {'default': 0.8, 'title': 'Sigma', 'type': 'number'}, 'name': {'default': '', "
    "'maxLength': 5, 'title': 'Name', 'type': 'string'}}, 'title': 'Inner', 'type': 'object'}, 'Mode': {'enum': ['fast', "
    "'slow'], "
    "'title': 'Mode', 'type': 'string'}, 'Tree': {'properties': {'value': {'title': 'Value', 'type': 'integer'}, 'children': "
    "{'default': [], 'items': {'$ref': '#/$defs/Tree'}, 'title': 'Children', 'type': 'array'}}, 'required': ['value'], 'title': "
    "'Tree', 'type': 'object'}}, 'additionalProperties': false, 'description': 'Parameters of the spot analysis', 'properties': "
    "{'threshold': {'default': 0.8, 'description': 'cut', 'exclusiveMinimum': 0, 'maximum': 1, 'title': 'Threshold', 'type': "
    "'number'}, 'n': {'exclusiveMaximum': 100, 'minimum': 1, 'title': 'N', 'type': 'integer'}, 'label': {'default': 'a', "
    "'minLength': 1, 'pattern': '^[a-z]+$', 'title': 'Label', 'type': 'string'}, 'mode': {'$ref': '#/$defs/Mode', 'default': "
    "'fast'}, 'limit': {'anyOf': [{'type': 'number'}, {'type': 'null'}], 'default': null, 'title': 'Limit'}, 'inner': {'$ref': "
    "'#/$defs/Inner', 'default': {'sigma': 0.8, 'name': ''}}, 'inner2': {'anyOf': [{'$ref': '#/$defs/Inner'}, {'type': 'null'}], "
    "'default': null}, 'tags': {'default': ['x'], 'items': {'type': 'string'}, 'title': 'Tags', 'type': 'array'}, 'table': "
    "{'additionalProperties': {'type': 'integer'}, 'default': {}, 'title': 'Table', 'type': 'object'}, 'anything': {'default': "
    "null, 'title': 'Anything'}, 'flag': {'default': false, 'title': 'Flag', 'type': 'boolean'}, 'tree': {'anyOf': [{'$ref': "
    "'#/$defs/Tree'}, {'type': 'null'}], 'default': null}}, 'required': ['n'], 'title': 'Params', 'type': 'object'}";

static void test_pydantic(void)
{
    struct ar_schema *schema = compile(pydantic);
    CHECK(schema != NULL, "%s", error.what);
    if (!schema)
        return;
    check_filled(
        schema, "{'n': 5}",
        "{'n': 5, 'threshold': 0.8, 'label': 'a', 'mode': 'fast', 'limit': null, 'inner': {'sigma': 0.8, 'name': ''}, 'inner2': "
        "null, 'tags': ['x'], 'table': {}, 'anything': null, 'flag': false, 'tree': null}");
    check_filled(
        schema,
        "{'tree': {'value': 1, 'children': [{'value': 2}]}, 'n': 5, 'threshold': 1, 'label': 'b', 'mode': 'slow', 'limit': 1.50, "
        "'inner': {}, 'inner2': {'name': 'x'}, 'tags': [], 'table': {'k': 1.0}, 'anything': {}, 'flag': true}",
        "{'tree': {'value': 1, 'children': [{'value': 2, 'children': []}]}, 'n': 5, 'threshold': 1, 'label': 'b', 'mode': "
        "'slow', "
        "'limit': 1.50, 'inner': {'sigma': 0.8, 'name': ''}, 'inner2': {'name': 'x', 'sigma': 0.8}, 'tags': [], 'table': {'k': "
        "1.0}, 'anything': {}, 'flag': true}");
    check_wrong(
        schema, "{'n': 100, 'threshold': 0, 'label': 'A', 'mode': 'x', 'limit': 'y', 'inner': {'name': 'toolong'}, 'tree': {}}",
        "params /n: 100 is not less than 100; /threshold: 0 is not greater than 0; /label: 'A' does not match the pattern "
        "'^[a-z]+$'; /mode: 'x' is not one of 'fast' or 'slow'; /limit: 'y' is a text, not a number or null; /inner/name: 'toolong' has "
        "7 "
        "characters, at most 5 are allowed; /tree/value: is missing, it must be an integer");
    ar_schema_free(schema);
}

static void test_value_of_a_document(void)
{
    static const char text[] = "{\"params\": {\"properties\": {\"x\": {\"const\": 1}}}}";
    struct ar_json_doc doc;
    CHECK(ar_json_doc_parse(&doc, text, strlen(text), "m", &error) == 0);
    struct ar_json_value root = ar_json_root(&doc), params;
    CHECK(ar_json_member(&doc, &root, "params", &params));
    CHECK(ar_schema_compile_value(&params, "/params", "manifest 'm'", &error) == NULL);
    CHECK(strstr(error.what, "manifest 'm' /params/properties/x/const: ") == error.what, "%s", error.what);
    ar_json_doc_release(&doc);
}

/* A property by itself: what else is required, or wrong, is no matter. */
static void test_one_property(void)
{
    struct ar_schema *schema = compile("{'type':'object','required':['a','b'],'properties':{'a':{'type':'number','minimum':0},'b':{'$ref':'#/$defs/b'}},"
                                       "'$defs':{'b':{'type':'array','items':{'type':'integer'}}}}");
    CHECK(schema && ar_schema_check_property(schema, "a", "3", 1, "params", &error) == 0, "%s", error.what);
    CHECK(ar_schema_check_property(schema, "a", "-3", 2, "params", &error) == -1 && error.status == AR_INPUT);
    CHECK_TEXT(error.what, "params /a: -3 is less than 0");
    CHECK(ar_schema_check_property(schema, "b", "[1,2]", 5, "params", &error) == 0);
    CHECK(ar_schema_check_property(schema, "b", "[1,true]", 8, "params", &error) == -1);
    CHECK(strstr(error.what, "/b/1") != NULL, "%s", error.what);
    CHECK(ar_schema_check_property(schema, "c", "null", 4, "params", &error) == 0);
    ar_schema_free(schema);
}

int main(void)
{
    test_one_property();
    test_types();
    test_limits();
    test_any_of();
    test_properties();
    test_defaults();
    test_references();
    test_alternatives_within_alternatives();
    test_refused_keywords();
    test_pydantic();
    test_value_of_a_document();
    return check_done();
}

import pytest

from rarebeat.server.errors import Malformed, RequestError
from rarebeat.server.graphql import Node, Resolvers, execute, parse_document

RESOLVERS = Resolvers(interfaces={"Cat": {"Pet"}})
RESOLVERS.field("Query", "pet")(lambda context, _, arguments: Node("Cat", {"name": arguments.text("name")}))
RESOLVERS.field("Query", "echo")(lambda context, _, arguments: arguments.texts("values"))
RESOLVERS.field("Query", "page")(
    lambda context, _, arguments: {"edges": [{"node": Node("Cat", {"name": "a"})}], "total": 1}
)
RESOLVERS.columns("Cat", name="name")


def run(document, variables=None, unknown=None):
    seen = [] if unknown is None else unknown
    return execute(RESOLVERS, parse_document(document), variables or {}, None, on_unknown=seen.append)


def test_an_alias_names_the_answer():
    assert run('{ result: pet(name: "Tom") { n: name } }') == {"result": {"n": "Tom"}}


def test_a_single_value_becomes_a_list_where_a_list_is_declared():
    assert run("query ($v: [JSONString!]!) { echo(values: $v) }", {"v": "{}"}) == {"echo": ["{}"]}


def test_a_default_stands_in_for_a_variable_that_was_not_sent_but_not_for_null():
    document = 'query ($v: [String] = ["x"]) { echo(values: $v) }'
    assert run(document) == {"echo": ["x"]}
    assert run(document, {"v": None}) == {"echo": None}


@pytest.mark.parametrize(
    ("include", "skip", "there"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_include_and_skip_decide_together(include, skip, there):
    document = 'query ($i: Boolean!, $s: Boolean!) { pet(name: "T") { name @include(if: $i) @skip(if: $s) } }'
    assert run(document, {"i": include, "s": skip}) == {"pet": {"name": "T"} if there else {}}


def test_fragments_apply_by_type_and_by_interface_and_their_selections_add_up():
    document = """
        query { page { edges { ...E node { __typename } } } }
        fragment E on Edge { node { ...P ... on Dog { bark } } }
        fragment P on Pet { name }
    """
    assert run(document) == {"page": {"edges": [{"node": {"name": "a", "__typename": "Cat"}}]}}


def test_an_unknown_field_is_null_and_told_of():
    unknown = []
    assert run('{ pet(name: "T") { age } }', unknown=unknown) == {"pet": {"age": None}}
    assert unknown == ["Cat.age"]


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "query A { pet } query B { pet }",
        "{ ...F } fragment F on Query { ...F }",
        "{ ...Missing }",
        "{" * 3000,
    ],
)
def test_a_document_that_cannot_be_run_is_malformed(document):
    with pytest.raises(Malformed):
        run(document)


def test_fragments_that_double_the_work_at_each_level_are_given_up(monkeypatch):
    monkeypatch.setattr("rarebeat.server.graphql.MAX_STEPS", 1000)
    levels = "".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }} " for i in range(30))
    bomb = "{ ...F0 } " + levels + 'fragment F30 on Query { pet(name: "T") { name } }'
    with pytest.raises(Malformed, match="more than 1000 fields"):
        run(bomb)


def test_an_argument_of_the_wrong_kind_is_the_clients_mistake():
    with pytest.raises(RequestError, match="'values' should be a list of texts"):
        run("{ echo(values: 3) }")


def test_a_document_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr("rarebeat.server.graphql.MAX_SECONDS", 0.0)
    many = " ".join(f'a{number}: pet(name: "T") {{ name }}' for number in range(200))
    with pytest.raises(Malformed, match="takes the server more than"):
        run(f"{{ {many} }}")


def test_an_unknown_field_of_many_objects_is_told_of_once():
    resolvers = Resolvers()
    resolvers.field("Query", "pets")(lambda context, _, arguments: [Node("Cat", {})] * 1000)
    unknown = []
    execute(resolvers, parse_document("{ pets { age } }"), {}, None, on_unknown=unknown.append)
    assert unknown == ["Cat.age"]

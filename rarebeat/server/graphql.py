"""A small GraphQL executor without a schema: resolvers by type and field, all else is null and counted.

The client never introspects and brings its own documents, so what a server needs is: aliases, fragments,
@include and @skip, variables with defaults, and making a list of a single value where a list is declared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import GraphQLError, parse
from graphql.language import ast
from graphql.utilities import value_from_ast_untyped

from rarebeat.server.arguments import Arguments
from rarebeat.server.errors import Malformed, RequestError

MAX_TOKENS = 5000
MAX_CHARACTERS = 100_000
MAX_DEPTH = 40
MAX_STEPS = 1_000_000  # a page of 10,000 runs with every field takes half of it
MAX_SECONDS = 15.0  # of this thread's processor time: the client hangs up after 19
STEPS_A_LOOK = 100  # at that clock

Resolver = Callable[[Any, Any, Arguments], Any]


@dataclass(frozen=True)
class Node:
    """An object of a type: its fields are asked from that type's resolvers, with `source` in hand."""

    type: str
    source: Any


@dataclass
class Resolvers:
    """The fields that this server knows: `fields["Run"]["state"](context, source, arguments)`."""

    fields: dict[str, dict[str, Resolver]] = field(default_factory=dict)
    interfaces: dict[str, set[str]] = field(default_factory=dict)

    def field(self, type_name: str, *names: str) -> Callable[[Resolver], Resolver]:
        """Registers the decorated function for fields of a type."""

        def register(resolver: Resolver) -> Resolver:
            for name in names:
                self.fields.setdefault(type_name, {})[name] = resolver
            return resolver

        return register

    def columns(self, type_name: str, **columns: str) -> None:
        """Fields that are a column of the source row."""
        for name, column in columns.items():
            self.field(type_name, name)(lambda _, row, __, column=column: row[column])

    def constants(self, type_name: str, **values: Any) -> None:
        """Fields that are the same for every object."""
        for name, value in values.items():
            self.field(type_name, name)(lambda _, __, ___, value=value: value)

    def matches(self, type_name: str, condition: str) -> bool:
        return condition == type_name or condition in self.interfaces.get(type_name, ())


@dataclass(frozen=True)
class Document:
    """A parsed document, with what is asked of it again and again."""

    operations: tuple[ast.OperationDefinitionNode, ...]
    fragments: dict[str, ast.FragmentDefinitionNode]
    root_fields: frozenset[str]  # at the top of its operations, which tell what it is about


@lru_cache(maxsize=256)
def parse_document(text: str) -> Document:
    """Raises Malformed on a syntax error, and on a document that is longer or deeper than any client's."""
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"a GraphQL document may have {MAX_CHARACTERS} characters; values go into variables")
    try:
        nodes = parse(text, no_location=True, max_tokens=MAX_TOKENS).definitions
    except GraphQLError as error:
        raise Malformed(f"the GraphQL document does not parse: {error.message}") from None
    except RecursionError:
        raise Malformed("the GraphQL document is nested too deeply") from None
    operations = tuple(node for node in nodes if isinstance(node, ast.OperationDefinitionNode))
    fragments = {node.name.value: node for node in nodes if isinstance(node, ast.FragmentDefinitionNode)}
    tops = [*operations, *fragments.values()]  # a field of an operation may stand in a fragment
    fields = [child for top in tops for child in top.selection_set.selections]
    names = {child.name.value for child in fields if isinstance(child, ast.FieldNode)}
    return Document(operations, fragments, frozenset(names))


def execute(
    resolvers: Resolvers,
    document: Document,
    variables: Mapping[str, Any],
    context: Any,
    operation_name: str | None = None,
    on_unknown: Callable[[str], None] = lambda name: None,
) -> dict[str, Any]:
    """The `data` of the answer.

    Args:
        variables: As sent; missing ones take the defaults that the document declares.
        context: Handed to every resolver.
        on_unknown: Told the name of each field that has no resolver; the field is null.

    Raises:
        RequestError: from a resolver, or when the document cannot be run.
    """
    operation = _operation(document, operation_name)
    run = _Execution(resolvers, document.fragments, _coerce(operation, variables), context, on_unknown)
    root = Node(operation.operation.value.capitalize(), None)
    return run.select(root, (operation.selection_set,), 0)


def _operation(document: Document, name: str | None) -> ast.OperationDefinitionNode:
    operations = document.operations
    if name:
        operations = tuple(node for node in operations if node.name and node.name.value == name)
    if len(operations) != 1:
        raise Malformed(f"the document should hold one operation to run, and holds {len(operations)}")
    return operations[0]


def _coerce(operation: ast.OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, Any]:
    """Variables with their defaults; a single value becomes a list of one where a list is declared."""
    values = {}
    for definition in operation.variable_definitions or ():
        name, kind = definition.variable.name.value, definition.type
        if name not in given and definition.default_value is not None:
            values[name] = value_from_ast_untyped(definition.default_value)
            continue
        value = given.get(name)
        if isinstance(kind, ast.NonNullTypeNode):
            kind = kind.type
        is_list = isinstance(kind, ast.ListTypeNode)
        values[name] = [value] if is_list and value is not None and not isinstance(value, list) else value
    return values


@dataclass(frozen=True)
class _Field:
    """A field to be answered of every object of a type: with what arguments, and what of it is asked."""

    key: str
    name: str
    arguments: Arguments
    resolver: Resolver | None
    selections: tuple[ast.SelectionSetNode, ...]


@dataclass
class _Execution:
    resolvers: Resolvers
    fragments: dict[str, ast.FragmentDefinitionNode]
    variables: dict[str, Any]
    context: Any
    on_unknown: Callable[[str], None]
    steps: int = 0
    look_at: int = 0
    began: float = field(default_factory=time.thread_time)
    # What a selection comes to for a type is worked out once, not for each of ten thousand runs.
    plans: dict[tuple[Any, ...], list[_Field]] = field(default_factory=dict)

    def select(self, value: Any, selections: tuple[ast.SelectionSetNode, ...], depth: int) -> Any:
        """The value with the selected fields; lists member by member, plain values as they are."""
        if isinstance(value, Node):
            return self._fields_of(value, value.type, selections, depth) if selections else None
        if isinstance(value, Mapping):
            return self._fields_of(value, None, selections, depth) if selections else value
        if isinstance(value, (list, tuple)) and selections:
            return [self.select(member, selections, depth) for member in value]
        return value

    def _fields_of(
        self, value: Any, kind: str | None, selections: tuple[ast.SelectionSetNode, ...], depth: int
    ) -> dict[str, Any]:
        key = (kind, *map(id, selections))
        plan = self.plans.get(key)
        if plan is None:
            plan = self.plans[key] = self._plan(selections, kind)
        self._step(len(plan), depth)
        answer = {}
        for asked in plan:
            if kind is None:
                found = self._member(value, asked.name)
            elif asked.resolver is not None:
                found = asked.resolver(self.context, value.source, asked.arguments)
            else:
                found = kind if asked.name == "__typename" else None
            if asked.selections:
                found = self.select(found, asked.selections, depth + 1)
            answer[asked.key] = None if isinstance(found, Node) else found
        return answer

    def _member(self, value: Mapping[str, Any], name: str) -> Any:
        if name not in value:
            self.on_unknown(name)
        return value.get(name)

    def _step(self, fields: int, depth: int) -> None:
        """Counts what is done, and gives up what no client asks for."""
        self.steps += fields
        if depth > MAX_DEPTH:
            raise Malformed(f"the selection is deeper than {MAX_DEPTH} levels")
        if self.steps > MAX_STEPS:
            raise Malformed(f"the document selects more than {MAX_STEPS} fields")
        if self.steps >= self.look_at:
            self.look_at = self.steps + STEPS_A_LOOK
            if time.thread_time() - self.began > MAX_SECONDS:
                raise Malformed(f"the document takes the server more than {MAX_SECONDS:.0f} s")

    def _plan(self, selections: tuple[ast.SelectionSetNode, ...], kind: str | None) -> list[_Field]:
        """The fields of the selections in their order; those that answer to one key are put together."""
        asked: dict[str, list[ast.FieldNode]] = {}
        for selection in selections:
            for node in self._flatten(selection, kind, ()):
                asked.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return [self._field(key, nodes, kind) for key, nodes in asked.items()]

    def _field(self, key: str, nodes: list[ast.FieldNode], kind: str | None) -> _Field:
        name = nodes[0].name.value
        resolver = self.resolvers.fields.get(kind, {}).get(name) if kind else None
        if kind and resolver is None and name != "__typename":
            self.on_unknown(f"{kind}.{name}")
        below = tuple(node.selection_set for node in nodes if node.selection_set)
        return _Field(key, name, Arguments(self._arguments(nodes[0])), resolver, below)

    def _flatten(
        self, selection: ast.SelectionSetNode, kind: str | None, inside: tuple[str, ...]
    ) -> Iterator[ast.FieldNode]:
        for node in selection.selections:
            # Fragments that spread each other twice double the work at each level.
            self._step(1, 0)
            if not self._included(node):
                continue
            if isinstance(node, ast.FieldNode):
                yield node
            elif isinstance(node, ast.InlineFragmentNode):
                if self._applies(node.type_condition, kind):
                    yield from self._flatten(node.selection_set, kind, inside)
            else:
                yield from self._spread(node.name.value, kind, inside)

    def _spread(self, name: str, kind: str | None, inside: tuple[str, ...]) -> Iterator[ast.FieldNode]:
        fragment = self.fragments.get(name)
        if fragment is None or name in inside:
            raise Malformed(f"the fragment {name!r} is missing or contains itself")
        if self._applies(fragment.type_condition, kind):
            yield from self._flatten(fragment.selection_set, kind, (*inside, name))

    def _applies(self, condition: ast.NamedTypeNode | None, kind: str | None) -> bool:
        return condition is None or kind is None or self.resolvers.matches(kind, condition.name.value)

    def _included(self, node: ast.SelectionNode) -> bool:
        for directive in node.directives or ():
            wanted = {"include": True, "skip": False}.get(directive.name.value)
            if wanted is not None and bool(self._arguments(directive).get("if")) is not wanted:
                return False
        return True

    def _arguments(self, node: ast.FieldNode | ast.DirectiveNode) -> dict[str, Any]:
        return {
            argument.name.value: value_from_ast_untyped(argument.value, self.variables)
            for argument in node.arguments or ()
        }


__all__ = ["Document", "Node", "RequestError", "Resolvers", "execute", "parse_document"]

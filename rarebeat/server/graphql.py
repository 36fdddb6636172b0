"""A small GraphQL executor without a schema: resolvers by type and field, all else is null and counted.

The client never introspects and brings its own documents, so what a server needs is: aliases, fragments,
@include and @skip, variables with defaults, and making a list of a single value where a list is declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


@lru_cache(maxsize=256)
def parse_document(text: str) -> ast.DocumentNode:
    """Raises Malformed on a syntax error, and on a document that is longer or deeper than any client's."""
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"a GraphQL document may have {MAX_CHARACTERS} characters; values go into variables")
    try:
        return parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLError as error:
        raise Malformed(f"the GraphQL document does not parse: {error.message}") from None
    except RecursionError:
        raise Malformed("the GraphQL document is nested too deeply") from None


def root_fields(document: ast.DocumentNode) -> set[str]:
    """The names of the fields at the top of all operations, which tell what a document is about."""
    operations = [node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)]
    return {
        child.name.value
        for operation in operations
        for child in operation.selection_set.selections
        if isinstance(child, ast.FieldNode)
    }


def execute(
    resolvers: Resolvers,
    document: ast.DocumentNode,
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
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, ast.FragmentDefinitionNode)
    }
    run = _Execution(resolvers, fragments, _coerce(operation, variables), context, on_unknown)
    return run.select(Node(operation.operation.value.capitalize(), None), operation.selection_set, 0)


def _operation(document: ast.DocumentNode, name: str | None) -> ast.OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, ast.OperationDefinitionNode)]
    if name:
        operations = [node for node in operations if node.name and node.name.value == name]
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


@dataclass
class _Execution:
    resolvers: Resolvers
    fragments: dict[str, ast.FragmentDefinitionNode]
    variables: dict[str, Any]
    context: Any
    on_unknown: Callable[[str], None]
    steps: int = 0

    def select(self, value: Any, selection: ast.SelectionSetNode | None, depth: int) -> Any:
        """The value with the selected fields; lists member by member, plain values as they are."""
        if depth > MAX_DEPTH:
            raise Malformed(f"the selection is deeper than {MAX_DEPTH} levels")
        if isinstance(value, (list, tuple)):
            return [self.select(member, selection, depth) for member in value]
        if value is None or selection is None or not isinstance(value, (Node, Mapping)):
            return None if isinstance(value, Node) else value
        answer: dict[str, Any] = {}
        for node in self._flatten(selection, value, ()):
            key = node.alias.value if node.alias else node.name.value
            field_value = self.select(self._resolve(value, node), node.selection_set, depth + 1)
            answer[key] = _merge(answer[key], field_value) if key in answer else field_value
        return answer

    def _flatten(
        self, selection: ast.SelectionSetNode, value: Any, inside: tuple[str, ...]
    ) -> Iterable[ast.FieldNode]:
        for node in selection.selections:
            # Fragments that spread each other twice double the work at each level.
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise Malformed(f"the document selects more than {MAX_STEPS} fields")
            if not self._included(node):
                continue
            if isinstance(node, ast.FieldNode):
                yield node
            elif isinstance(node, ast.InlineFragmentNode):
                if self._applies(node.type_condition, value):
                    yield from self._flatten(node.selection_set, value, inside)
            else:
                yield from self._spread(node.name.value, value, inside)

    def _spread(self, name: str, value: Any, inside: tuple[str, ...]) -> Iterable[ast.FieldNode]:
        fragment = self.fragments.get(name)
        if fragment is None or name in inside:
            raise Malformed(f"the fragment {name!r} is missing or contains itself")
        if self._applies(fragment.type_condition, value):
            yield from self._flatten(fragment.selection_set, value, (*inside, name))

    def _applies(self, condition: ast.NamedTypeNode | None, value: Any) -> bool:
        if condition is None or not isinstance(value, Node):
            return True
        return self.resolvers.matches(value.type, condition.name.value)

    def _included(self, node: ast.SelectionNode) -> bool:
        for directive in node.directives or ():
            wanted = {"include": True, "skip": False}.get(directive.name.value)
            if wanted is not None and bool(self._arguments(directive).get("if")) is not wanted:
                return False
        return True

    def _resolve(self, value: Any, node: ast.FieldNode) -> Any:
        name = node.name.value
        if not isinstance(value, Node):
            if name not in value:
                self.on_unknown(name)
            return value.get(name)
        if name == "__typename":
            return value.type
        resolver = self.resolvers.fields.get(value.type, {}).get(name)
        if resolver is None:
            self.on_unknown(f"{value.type}.{name}")
            return None
        return resolver(self.context, value.source, Arguments(self._arguments(node)))

    def _arguments(self, node: ast.FieldNode | ast.DirectiveNode) -> dict[str, Any]:
        return {
            argument.name.value: value_from_ast_untyped(argument.value, self.variables)
            for argument in node.arguments or ()
        }


def _merge(first: Any, second: Any) -> Any:
    """The same field selected twice, through two fragments: their selections add up."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = [*first, *(key for key in second if key not in first)]
        return {
            key: _merge(first[key], second[key]) if key in first and key in second else (first | second)[key]
            for key in keys
        }
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [_merge(one, other) for one, other in zip(first, second, strict=True)]
    return second


__all__ = ["Node", "RequestError", "Resolvers", "execute", "parse_document", "root_fields"]

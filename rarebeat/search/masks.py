"""Which choices make which parameters inactive, learnt from what finished runs say.

A rule is a condition on at most two parameters with few values, such as `loss = ce makes gamma inactive`. It
is believed when two runs support it and none contradicts it; the next run may refute it. Several rules for
one parameter add up, so "alpha counts only where loss is focal and link is sigmoid" is learnt as two.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass

from rarebeat.search.space import Point, Space

Seen = tuple[Point, frozenset[int]]  # where a run was, and the dimensions that had no effect there
Condition = tuple[tuple[int, Hashable], ...]  # (dimension, key of its value), all of which have to hold

SUPPORT = 2  # runs that a rule needs
MOST_VALUES = 50  # of a parameter that may stand in a condition


@dataclass(frozen=True)
class Rule:
    """Where `when` holds, dimension `inactive` has no effect."""

    when: Condition
    inactive: int


def positions(space: Space, names: Iterable[str]) -> frozenset[int]:
    """The dimensions of those names, nested ones with dots; names of none are left out."""
    wanted = set(names)
    return frozenset(i for i, name in enumerate(space.names) if ".".join(name) in wanted)


def masked(space: Space, rules: Collection[Rule], point: Point) -> frozenset[int]:
    """The dimensions that have no effect at `point`, by the rules."""
    key = space.key(point) if rules else ()
    return frozenset(rule.inactive for rule in rules if _holds(rule.when, key))


def learn_rules(space: Space, seen: list[Seen]) -> tuple[Rule, ...]:
    """The fewest rules that explain what the runs have said, found greedily, single conditions first."""
    if not any(inactive for _, inactive in seen):
        return ()
    told = [(space.key(point), inactive) for point, inactive in seen]
    targets = sorted(set().union(*(inactive for _, inactive in told)))
    return tuple(rule for target in targets for rule in _rules_for(space, told, target))


def _rules_for(space: Space, told: list[tuple[tuple, frozenset[int]]], target: int) -> list[Rule]:
    idle = [key for key, inactive in told if target in inactive]
    active = [key for key, inactive in told if target not in inactive]
    few = [
        i
        for i, dimension in enumerate(space.dimensions)
        if i != target and dimension.size is not None and 1 < dimension.size <= MOST_VALUES
    ]
    rules: list[Rule] = []
    for length in (1, 2):
        groups = list(itertools.combinations(few, length))
        while found := _widest(groups, idle, active):
            rules.append(Rule(found, target))
            idle = [key for key in idle if not _holds(found, key)]
    return rules


def _holds(when: Condition, key: tuple) -> bool:
    return all(key[i] == part for i, part in when)


def _condition(group: tuple[int, ...], key: tuple) -> Condition:
    """What holds at `key` of the parameters of `group`."""
    return tuple((i, key[i]) for i in group)


def _widest(groups: list[tuple[int, ...]], idle: list[tuple], active: list[tuple]) -> Condition | None:
    """The condition that explains most idle runs and no active one; the first of equals."""
    best, most = None, SUPPORT - 1
    for group in groups:
        counts = Counter(_condition(group, key) for key in idle)
        refuted = {_condition(group, key) for key in active}
        for when, explained in counts.items():
            if explained > most and when not in refuted:
                best, most = when, explained
    return best

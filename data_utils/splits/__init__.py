"""Sides of a dataset, whole patients at a time."""

from data_utils.splits.balanced import balanced_folds
from data_utils.splits.held_out import by_date, by_site
from data_utils.splits.stratified import grouped_folds, grouped_split

__all__ = ["balanced_folds", "by_date", "by_site", "grouped_folds", "grouped_split"]

"""A search engine for any W&B sweep."""

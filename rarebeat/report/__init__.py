"""A sweep as one page: its question, its runs, what decided, and what the best of them is worth."""

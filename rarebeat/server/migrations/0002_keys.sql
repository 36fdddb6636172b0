-- Keys by name, for a server that several people use; and whose key a run was started with.

CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,             -- SHA-256 of the key, hex: the key itself is shown once and kept nowhere
    created_at REAL NOT NULL
);

ALTER TABLE runs ADD COLUMN user TEXT;     -- the key's name; null is the owner of the directory

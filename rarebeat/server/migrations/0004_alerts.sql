-- What runs have called out for (`run.alert`); and rows of long histories that a thinned picture must not miss.

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    severity TEXT NOT NULL,                -- INFO, WARN, ERROR
    created_at REAL NOT NULL
);
CREATE INDEX alerts_of_run ON alerts (run_id);

CREATE TABLE rare_lines (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,                 -- a checksum of the names that the line before it lacks
    number INTEGER NOT NULL,               -- of the line of history
    PRIMARY KEY (run_id, kind, number)
) WITHOUT ROWID;

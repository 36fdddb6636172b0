-- The processes that share a run (the client's `mode="shared"`), and how far each has come in its streams.

CREATE TABLE writers (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    writer TEXT NOT NULL,                  -- what the client calls the process
    stream TEXT NOT NULL,
    received INTEGER NOT NULL,             -- lines, by the writer's own count
    last_number INTEGER NOT NULL,          -- what its last line came to be in the run
    PRIMARY KEY (run_id, writer, stream)
) WITHOUT ROWID;

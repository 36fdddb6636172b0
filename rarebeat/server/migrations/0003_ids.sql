-- Ids that are never given twice: a URL or an id that somebody still holds of what was deleted must not come to mean
-- what was made since. SQLite learns that only with a new table, so these are made anew.

CREATE TABLE new_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    sweep_id INTEGER REFERENCES sweeps (id),
    agent_id INTEGER REFERENCES agents (id),
    params_json TEXT,                      -- what the sweep chose, as {name: value}
    attempt INTEGER NOT NULL DEFAULT 1,
    restarting INTEGER NOT NULL DEFAULT 0, -- handed out again: the next upsert clears the lost attempt
    leased_at REAL,
    stop_requested INTEGER NOT NULL DEFAULT 0,
    stop_reason TEXT,                      -- user, early_terminate, canceled
    preempting INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    display_name TEXT,
    description TEXT,
    notes TEXT,
    group_name TEXT,
    job_type TEXT,
    commit_hash TEXT,
    host TEXT,
    program TEXT,
    repo TEXT,
    tags_json TEXT NOT NULL DEFAULT '[]',
    config_json TEXT NOT NULL DEFAULT '{}',
    summary_json TEXT NOT NULL DEFAULT '{}',
    keys_json TEXT NOT NULL DEFAULT '{}',
    system_json TEXT NOT NULL DEFAULT '{}',
    history_lines INTEGER NOT NULL DEFAULT 0,
    event_lines INTEGER NOT NULL DEFAULT 0,
    log_lines INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT -1,
    created_at REAL NOT NULL,
    heartbeat_at REAL NOT NULL,
    user TEXT,                             -- the name of the key it was started with; null is the owner
    UNIQUE (project_id, name)
);
INSERT INTO new_runs SELECT * FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE INDEX runs_of_sweep ON runs (sweep_id);
CREATE INDEX runs_of_agent ON runs (agent_id);
CREATE INDEX runs_by_state ON runs (state);

CREATE TABLE new_collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- ArtifactSequence, ArtifactPortfolio
    type TEXT NOT NULL,
    description TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (project_id, name)
);
INSERT INTO new_collections SELECT * FROM collections;
DROP TABLE collections;
ALTER TABLE new_collections RENAME TO collections;

CREATE TABLE new_artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    state TEXT NOT NULL,                   -- PENDING, COMMITTED, DELETED
    digest TEXT NOT NULL,
    description TEXT,
    metadata_json TEXT,
    run_id INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    size INTEGER NOT NULL DEFAULT 0,
    file_count INTEGER NOT NULL DEFAULT 0,
    history_step INTEGER,
    wanted_aliases_json TEXT NOT NULL DEFAULT '[]',
    manifest TEXT REFERENCES blobs (digest),
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
INSERT INTO new_artifacts SELECT * FROM artifacts;
DROP TABLE artifacts;
ALTER TABLE new_artifacts RENAME TO artifacts;
CREATE INDEX artifacts_of_collection ON artifacts (collection_id);
CREATE INDEX artifacts_of_run ON artifacts (run_id);
CREATE INDEX artifacts_by_manifest ON artifacts (manifest);

CREATE TABLE new_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    blob TEXT REFERENCES blobs (digest),   -- null until its bytes are here
    updated_at REAL NOT NULL,
    UNIQUE (run_id, name)
);
INSERT INTO new_files SELECT * FROM files;
DROP TABLE files;
ALTER TABLE new_files RENAME TO files;
CREATE INDEX files_by_blob ON files (blob);

-- What nobody needs any more is removed, but not at once.
ALTER TABLE blobs ADD COLUMN unused_since REAL;   -- null while something needs it
CREATE INDEX artifact_files_by_blob ON artifact_files (blob);

-- The server's tables. Times are seconds since 1970 (UTC); columns ending in _json hold JSON text.

CREATE TABLE projects (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    created_at REAL NOT NULL,
    UNIQUE (entity, name)
);

CREATE TABLE sweeps (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    config_yaml TEXT NOT NULL,
    config_json TEXT NOT NULL,
    seed INTEGER NOT NULL,
    exhausted INTEGER NOT NULL DEFAULT 0,
    display_name TEXT,
    description TEXT,
    controller_json TEXT,
    scheduler_json TEXT,
    prior_runs_json TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE agents (
    id INTEGER PRIMARY KEY,
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id),
    host TEXT NOT NULL,
    run_state_json TEXT NOT NULL DEFAULT '[]',
    exited INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    heartbeat_at REAL NOT NULL
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
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
    UNIQUE (project_id, name)
);
CREATE INDEX runs_of_sweep ON runs (sweep_id);
CREATE INDEX runs_of_agent ON runs (agent_id);
CREATE INDEX runs_by_state ON runs (state);

CREATE TABLE lines (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    stream TEXT NOT NULL,                  -- history, events, output
    number INTEGER NOT NULL,
    step INTEGER,                          -- history only: its _step
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, stream, number)
) WITHOUT ROWID;

CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,               -- SHA-256, hex
    md5 TEXT NOT NULL,                     -- base64, as the client writes it
    size INTEGER NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX blobs_by_md5 ON blobs (md5);

CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    blob TEXT REFERENCES blobs (digest),   -- null until its bytes are here
    updated_at REAL NOT NULL,
    UNIQUE (run_id, name)
);

CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- ArtifactSequence, ArtifactPortfolio
    type TEXT NOT NULL,
    description TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
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
CREATE INDEX artifacts_of_collection ON artifacts (collection_id);
CREATE INDEX artifacts_of_run ON artifacts (run_id);

CREATE TABLE client_ids (
    client_id TEXT PRIMARY KEY,            -- what the client called an artifact before the server knew it
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE artifact_files (
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    md5 TEXT NOT NULL,
    blob TEXT REFERENCES blobs (digest),
    PRIMARY KEY (artifact_id, name)
) WITHOUT ROWID;

CREATE TABLE memberships (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (collection_id, version),
    UNIQUE (collection_id, artifact_id)
);

CREATE TABLE aliases (
    id INTEGER PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    UNIQUE (collection_id, alias)
);
CREATE INDEX aliases_of_artifact ON aliases (artifact_id);

CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,                   -- artifact, collection
    owner_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (owner, owner_id, name)
);

CREATE TABLE outputs (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, artifact_id)
) WITHOUT ROWID;

CREATE TABLE uses (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, artifact_id)
) WITHOUT ROWID;

CREATE TABLE unknown_fields (
    name TEXT PRIMARY KEY,                 -- Type.field, or an operation's root field
    seen INTEGER NOT NULL
);

-- The order in which runs are listed unless another is asked for; without it each page sorts all of them.

CREATE INDEX runs_by_creation ON runs (project_id, created_at);

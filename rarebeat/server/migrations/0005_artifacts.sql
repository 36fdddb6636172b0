-- How long an artifact lives, and which version an incremental one adds its files to.

ALTER TABLE artifacts ADD COLUMN ttl_seconds INTEGER;   -- null: as its project says; -2: for ever
ALTER TABLE artifacts ADD COLUMN base_id INTEGER;

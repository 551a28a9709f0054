CREATE TABLE IF NOT EXISTS checkpoints (
    job        TEXT NOT NULL,
    number     INTEGER NOT NULL,
    after      BLOB,                        -- the keys of the partition
    until      BLOB NOT NULL,
    done_until BLOB,                        -- how far it has come
    is_done    INTEGER NOT NULL DEFAULT 0,
    scanned    INTEGER NOT NULL DEFAULT 0,
    copied     INTEGER NOT NULL DEFAULT 0,
    level      INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    epoch      INTEGER NOT NULL DEFAULT 0,  -- of its newest claim
    holder     TEXT,
    held_until REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

-- One row: it outlives the jobs, so that a claim of a removed one stays old.
CREATE TABLE IF NOT EXISTS newest_epoch (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO newest_epoch VALUES (1, 0);

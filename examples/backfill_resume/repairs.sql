CREATE TABLE IF NOT EXISTS repairs (
    key        BLOB PRIMARY KEY,
    reason     TEXT NOT NULL,
    notes      INTEGER NOT NULL DEFAULT 1,
    attempts   INTEGER NOT NULL DEFAULT 0,
    error      TEXT,
    is_parked  INTEGER NOT NULL DEFAULT 0,
    came_at    REAL NOT NULL,
    due_at     REAL NOT NULL,
    receipt    INTEGER NOT NULL DEFAULT 0,  -- of its newest take
    is_held    INTEGER NOT NULL DEFAULT 0,  -- by whoever has that receipt
    is_renoted INTEGER NOT NULL DEFAULT 0   -- since it was taken
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS repairs_due ON repairs (is_parked, due_at, came_at);

-- One row: no two takes of the queue have one receipt.
CREATE TABLE IF NOT EXISTS newest_receipt (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    receipt INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO newest_receipt VALUES (1, 0);

-- What the migration adds to the monolith's database. A stamp without a row in
-- `airports` is a tombstone.
CREATE TABLE IF NOT EXISTS airport_stamps (
    key   TEXT PRIMARY KEY NOT NULL,
    stamp BLOB NOT NULL CHECK (length(stamp) = 16)
) WITHOUT ROWID;

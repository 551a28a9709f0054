-- Keys that may differ. One queue is one migration's: give each a schema of its own.
CREATE SEQUENCE repair_number;
CREATE TABLE repair_entry (
    key bytea PRIMARY KEY,
    reason text NOT NULL,
    notes bigint NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    error text,
    came timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Whose turn it is; no turn, if it is parked.
    due timestamptz DEFAULT clock_timestamp(),
    turn bigint NOT NULL DEFAULT nextval('repair_number'),
    -- The take that holds it.
    receipt bigint,
    held_notes bigint,
    held_until timestamptz
);
CREATE INDEX ON repair_entry (due, turn);

-- What a backfill writes down. Epochs never come twice, also when a job was removed and opened again.
CREATE SEQUENCE backfill_epoch;
CREATE TABLE backfill_job (
    name text COLLATE "C" PRIMARY KEY
);
CREATE TABLE backfill_partition (
    job text COLLATE "C" NOT NULL REFERENCES backfill_job (name) ON DELETE CASCADE,
    number bigint NOT NULL,
    after bytea,
    until bytea NOT NULL,
    -- The checkpoint.
    copied_to bytea,
    is_done boolean NOT NULL DEFAULT false,
    scanned bigint NOT NULL DEFAULT 0,
    copied bigint NOT NULL DEFAULT 0,
    level bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    -- The claim.
    epoch bigint NOT NULL DEFAULT 0,
    holder text,
    held_until timestamptz,
    PRIMARY KEY (job, number)
);

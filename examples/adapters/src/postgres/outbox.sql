-- Messages that leave when the transaction that has written them has committed.
CREATE TABLE outbox (
    -- Drawn behind the lock of the key, so that of one key positions follow commits.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane integer NOT NULL,
    event_key text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    -- A CloudEvent. Not jsonb, which writes it anew.
    event text NOT NULL,
    staged timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0,
    -- How often of these the bus had refused it.
    refusals integer NOT NULL DEFAULT 0,
    -- If it was put off, until when.
    due timestamptz,
    is_parked boolean NOT NULL DEFAULT false,
    error text,
    -- Only where sent rows are kept.
    sent timestamptz
-- Rows come and go: the dead ones are to be cleared away by their number, not by their share.
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
-- What is to be sent, lane by lane, without wading through what was, or is parked.
CREATE INDEX outbox_pending ON outbox (lane, position) WHERE sent IS NULL AND NOT is_parked;
-- What a later row of its key may have to wait for: few.
CREATE INDEX outbox_blocking ON outbox (event_key, position) WHERE sent IS NULL AND (is_parked OR due IS NOT NULL);
CREATE INDEX outbox_parked ON outbox (position) WHERE is_parked;
-- What is to be purged.
CREATE INDEX outbox_sent ON outbox (sent) WHERE sent IS NOT NULL;
-- Nothing but locks: whoever stages a key holds its row to the end of the transaction.
CREATE TABLE outbox_key (
    event_key text COLLATE "C" PRIMARY KEY,
    used timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);
CREATE INDEX outbox_key_used ON outbox_key (used);
-- Which relay holds a lane; the holder's term may have run out.
CREATE TABLE outbox_lane (
    lane integer PRIMARY KEY,
    epoch bigint NOT NULL DEFAULT 0,
    relay text COLLATE "C",
    until timestamptz,
    CHECK ((relay IS NULL) = (until IS NULL))
) WITH (fillfactor = 50);
-- As many as the adapter computes with, for ever.
INSERT INTO outbox_lane (lane) SELECT generate_series(0, 63);
-- Who relays, those that hold nothing too.
CREATE TABLE outbox_relay (
    relay text COLLATE "C" PRIMARY KEY,
    until timestamptz NOT NULL
);

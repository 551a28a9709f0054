-- What sagas write down. One runner writes to a saga, fenced by `epoch` and `length` in the statement that writes.
CREATE TABLE saga (
    -- Ordered and compared by its bytes.
    id text COLLATE "C" PRIMARY KEY,
    definition text NOT NULL,
    input bytea NOT NULL CHECK (length(input) = 16),
    parent text COLLATE "C",
    status text NOT NULL,
    -- A document. Not jsonb, which writes it anew.
    outcome text,
    -- How many entries were recorded, those purged since included.
    length bigint NOT NULL,
    changed timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_purged boolean NOT NULL DEFAULT false,
    -- The claim. It may have run out.
    epoch bigint NOT NULL DEFAULT 1,
    holder text,
    held_until timestamptz,
    CHECK ((holder IS NULL) = (held_until IS NULL))
-- Each append changes its row: with room on the page, and no index on what changes, in place.
) WITH (fillfactor = 70);
-- Runners look for abandoned sagas again and again: without wading through those that are over.
CREATE INDEX saga_open ON saga (id) WHERE status IN ('running', 'unwinding', 'parked');
-- What is to be purged, without wading through what was. In the order in which it is read; not by "changed", since
-- then no append would change its row in place.
CREATE INDEX saga_kept ON saga (id) WHERE status IN ('committed', 'rolled_back', 'given_up') AND NOT is_purged;
-- No foreign key: entries come only with their header, and a check for each would cost a look at it.
CREATE TABLE saga_entry (
    saga text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    -- As it was written, byte for byte.
    document text NOT NULL,
    PRIMARY KEY (saga, position)
);

-- What sagas write down. One runner writes to a saga, fenced by `epoch` and `length` in the statement that writes.
CREATE TABLE saga (
    -- Ordered and compared by its bytes; an id has no spaces for a collation to pad.
    id VARCHAR(250) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    definition VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    input BINARY(16) NOT NULL,
    parent VARCHAR(250) CHARACTER SET ascii COLLATE ascii_bin,
    status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- A document.
    outcome LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    -- How many entries were recorded, those purged since included.
    length BIGINT NOT NULL,
    -- UTC, as every time here. Not TIMESTAMP, which ends in 2038.
    changed DATETIME(6) NOT NULL,
    is_purged BOOLEAN NOT NULL DEFAULT FALSE,
    -- The claim. It may have run out.
    epoch BIGINT NOT NULL DEFAULT 1,
    holder VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin,
    held_until DATETIME(6),
    CHECK (holder IS NULL = (held_until IS NULL)),
    -- Runners look for abandoned sagas again and again: without wading through those that are over.
    is_open BOOLEAN AS (status IN ('running', 'unwinding', 'parked')) STORED,
    KEY saga_open (is_open, id),
    -- What is to be purged, without wading through what was.
    is_kept BOOLEAN AS (status IN ('committed', 'rolled_back', 'given_up') AND NOT is_purged) STORED,
    KEY saga_kept (is_kept, id)
) ENGINE = InnoDB;
-- No foreign key: entries come only with their header, and a check for each would cost a look at it.
CREATE TABLE saga_entry (
    saga VARCHAR(250) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    position BIGINT NOT NULL,
    -- As it was written, byte for byte.
    document LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (saga, position)
) ENGINE = InnoDB;

-- Messages that leave when the transaction that has written them has committed.
CREATE TABLE outbox (
    -- Drawn behind the lock of the key, so that of one key positions follow commits.
    position BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    lane SMALLINT UNSIGNED NOT NULL,
    -- Bytes: no collation, and no spaces that do not count.
    event_key VARBINARY(256) NOT NULL,
    topic VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- A CloudEvent.
    event LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    -- UTC, as every time here.
    staged DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    attempts INT NOT NULL DEFAULT 0,
    -- How often of these the bus had refused it.
    refusals INT NOT NULL DEFAULT 0,
    -- If it was put off, until when.
    due DATETIME(6),
    is_parked BOOLEAN NOT NULL DEFAULT FALSE,
    error TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    -- Only where sent rows are kept.
    sent DATETIME(6),
    -- What is to be sent, lane by lane, without wading through what was, or is parked.
    is_pending BOOLEAN AS (sent IS NULL AND NOT is_parked) STORED,
    KEY outbox_pending (lane, is_pending, position),
    -- What a later row of its key may have to wait for: few.
    is_blocking BOOLEAN AS (sent IS NULL AND (is_parked OR due IS NOT NULL)) STORED,
    KEY outbox_blocking (is_blocking, event_key, position),
    KEY outbox_parked (is_parked, position),
    -- What is to be purged.
    KEY outbox_sent (sent)
) ENGINE = InnoDB;
-- Nothing but locks: whoever stages a key holds its row to the end of the transaction.
CREATE TABLE outbox_key (
    event_key VARBINARY(256) NOT NULL PRIMARY KEY,
    used DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    KEY outbox_key_used (used)
) ENGINE = InnoDB;
-- Which relay holds a lane; the holder's term may have run out.
CREATE TABLE outbox_lane (
    lane SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL DEFAULT 0,
    relay VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin,
    until DATETIME(6),
    CHECK (relay IS NULL = (until IS NULL))
) ENGINE = InnoDB;
-- As many as the adapter computes with, for ever.
INSERT INTO outbox_lane (lane) WITH RECURSIVE lanes (lane) AS (SELECT 0 UNION ALL SELECT lane + 1 FROM lanes WHERE lane < 63)
SELECT lane FROM lanes;
-- Who relays, those that hold nothing too.
CREATE TABLE outbox_relay (
    relay VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    until DATETIME(6) NOT NULL
) ENGINE = InnoDB;

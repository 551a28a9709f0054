-- What events a consumer has seen. It stands in the consumer's own database: a row is written in the transaction that has
-- the effect.
CREATE TABLE inbox (
    -- Bytes: no collation, and no spaces that do not count.
    consumer VARBINARY(128) NOT NULL,
    source VARBINARY(256) NOT NULL,
    id VARBINARY(256) NOT NULL,
    -- How often it came.
    times BIGINT NOT NULL DEFAULT 1,
    came DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    PRIMARY KEY (consumer, source, id),
    -- What is to be forgotten.
    KEY inbox_came (came)
) ENGINE = InnoDB;

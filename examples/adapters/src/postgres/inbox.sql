-- What events a consumer has seen. It stands in the consumer's own database: a row is written in the transaction that has
-- the effect.
CREATE TABLE inbox (
    consumer text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    came timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, source, id)
);
-- What is to be forgotten.
CREATE INDEX inbox_came ON inbox (came);

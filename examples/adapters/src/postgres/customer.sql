-- The modern side: a stamp in each row, and room for tombstones.
CREATE TABLE customer (
    -- Compared byte by byte, as Rust compares Vec<u8>. For a text key: text COLLATE "C".
    id bytea PRIMARY KEY CHECK (octet_length(id) <= 255),
    -- A row that comes without a stamp gets Stamp::BASE, the smallest.
    stamp bytea NOT NULL DEFAULT '\x00000000000000000000000000000001' CHECK (octet_length(stamp) = 16),
    -- A tombstone is a row without a name, and without anything else.
    name text CHECK (char_length(name) <= 200),
    email text,
    -- Ten-thousandths.
    balance bigint,
    joined timestamptz,
    visits bigint,
    is_active boolean,
    seal bytea,
    CHECK (num_nulls(name, balance, joined, visits, is_active) IN (0, 5)),
    CHECK (name IS NOT NULL OR num_nonnulls(email, seal) = 0)
);

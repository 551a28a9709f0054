-- A side with a stamp in each row, and room for tombstones.
CREATE TABLE customer (
    -- Compared byte by byte. As VARCHAR it would need a binary collation without padding, utf8mb4_nopad_bin.
    id VARBINARY(255) NOT NULL PRIMARY KEY,
    -- A row that comes without a stamp gets Stamp::BASE, the smallest.
    stamp BINARY(16) NOT NULL DEFAULT X'00000000000000000000000000000001',
    -- A tombstone is a row without a name, and without anything else.
    name VARCHAR(200),
    email VARCHAR(320),
    balance DECIMAL(19, 4),
    -- UTC. Not TIMESTAMP, which ends in 2038.
    joined DATETIME(6),
    visits BIGINT,
    is_active BOOLEAN,
    seal MEDIUMBLOB,
    CHECK (name IS NULL = (balance IS NULL)),
    CHECK (name IS NULL = (joined IS NULL)),
    CHECK (name IS NULL = (visits IS NULL)),
    CHECK (name IS NULL = (is_active IS NULL)),
    CHECK (name IS NOT NULL OR (email IS NULL AND seal IS NULL))
) ENGINE = InnoDB CHARACTER SET = utf8mb4;

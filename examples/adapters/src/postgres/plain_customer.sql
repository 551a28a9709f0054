-- The application's table as it is: deleted rows are gone, and no column can be added.
CREATE TABLE plain_customer (
    id bytea PRIMARY KEY CHECK (octet_length(id) <= 255),
    name text NOT NULL CHECK (char_length(name) <= 200),
    email text,
    balance bigint NOT NULL,
    joined timestamptz NOT NULL,
    visits bigint NOT NULL,
    is_active boolean NOT NULL,
    seal bytea
);
-- Beside it: the stamps. A row is also what writers of a key lock; it has no stamp if none was set.
CREATE TABLE plain_customer_stamp (
    id bytea PRIMARY KEY,
    stamp bytea CHECK (octet_length(stamp) = 16)
);

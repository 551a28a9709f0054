-- What customers want, and how it stands.
CREATE TABLE customer_order (
    id text COLLATE "C" PRIMARY KEY,
    customer text NOT NULL,
    product text NOT NULL,
    pieces bigint NOT NULL CHECK (pieces > 0),
    cents bigint NOT NULL CHECK (cents >= 0),
    card text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'confirmed', 'cancelled')),
    placed timestamptz NOT NULL DEFAULT clock_timestamp()
);

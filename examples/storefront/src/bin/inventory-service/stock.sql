-- What there is: as much as came, less what is reserved.
CREATE TABLE stock (
    product text COLLATE "C" PRIMARY KEY,
    delivered bigint NOT NULL,
    pieces bigint NOT NULL CHECK (pieces >= 0)
) WITH (fillfactor = 50);
-- What is put aside for an order. One that is reserved twice has twice as much.
CREATE TABLE reservation (
    customer_order text COLLATE "C" PRIMARY KEY,
    product text COLLATE "C" NOT NULL REFERENCES stock,
    pieces bigint NOT NULL,
    -- What has left the house.
    parcels bigint NOT NULL DEFAULT 0
);
CREATE INDEX ON reservation (product);

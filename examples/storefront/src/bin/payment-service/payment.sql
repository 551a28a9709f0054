-- What was taken, and what was given back: a line for each, and none is ever changed.
CREATE TABLE payment (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_order text COLLATE "C" NOT NULL,
    -- Below nothing for what was given back.
    cents bigint NOT NULL,
    came timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON payment (customer_order);

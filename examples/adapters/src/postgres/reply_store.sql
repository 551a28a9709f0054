-- What participants have answered, until nobody asks any more.
CREATE TABLE saga_reply (
    -- Compared byte by byte.
    correlation text COLLATE "C" PRIMARY KEY,
    -- A document. Not jsonb, which writes it anew.
    reply text NOT NULL,
    came timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- What is to be forgotten.
CREATE INDEX saga_reply_came ON saga_reply (came);

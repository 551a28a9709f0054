-- What a participant has seen of each step of each saga. It stands in the participant's own database: a row changes in the
-- transaction that has the effect.
CREATE TABLE saga_barrier (
    saga text COLLATE "C" NOT NULL,
    step text COLLATE "C" NOT NULL,
    -- How many calls came.
    calls bigint NOT NULL DEFAULT 1,
    -- Under which claims the first execution and the first compensation were made.
    executed bigint,
    compensated bigint,
    -- Which of the calls was that compensation.
    compensation bigint,
    -- What the execution answered. Not jsonb, which writes it anew.
    output text,
    came timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (saga, step)
);
-- What is to be forgotten.
CREATE INDEX saga_barrier_came ON saga_barrier (came);

-- What a participant has seen of each step of each saga. It stands in the participant's own database: a row changes in the
-- transaction that has the effect.
CREATE TABLE saga_barrier (
    saga VARCHAR(250) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    step VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    -- How many calls came.
    calls BIGINT NOT NULL DEFAULT 1,
    -- Under which claims the first execution and the first compensation were made.
    executed BIGINT,
    compensated BIGINT,
    -- Which of the calls was that compensation.
    compensation BIGINT,
    -- What the execution answered.
    output LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    came DATETIME(6) NOT NULL DEFAULT UTC_TIMESTAMP(6),
    PRIMARY KEY (saga, step),
    -- What is to be forgotten.
    KEY saga_barrier_came (came)
) ENGINE = InnoDB;

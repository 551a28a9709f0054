-- The state of migrations, as documents under revisions.
CREATE TABLE migration_state (
    -- Compared byte by byte: names that differ by case are two.
    name text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    document text NOT NULL
);
-- A row per life of a node: its lease, or nothing if it was evicted. Such a row stays for good.
CREATE TABLE migration_lease (
    migration text COLLATE "C" NOT NULL,
    node text COLLATE "C" NOT NULL,
    document text,
    -- Its number: an eviction names the one it has seen.
    renewal bigint,
    PRIMARY KEY (migration, node)
);

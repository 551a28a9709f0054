-- The monolith's table as it is: deleted rows are gone, and no column can be added.
CREATE TABLE plain_customer (
    id VARBINARY(255) NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    email VARCHAR(320),
    balance DECIMAL(19, 4) NOT NULL,
    joined DATETIME(6) NOT NULL,
    visits BIGINT NOT NULL,
    is_active BOOLEAN NOT NULL,
    seal MEDIUMBLOB
) ENGINE = InnoDB CHARACTER SET = utf8mb4;
-- Beside it: the stamps. A row is also what writers of a key lock; it has no stamp if none was set.
CREATE TABLE plain_customer_stamp (
    id VARBINARY(255) NOT NULL PRIMARY KEY,
    stamp BINARY(16)
) ENGINE = InnoDB;

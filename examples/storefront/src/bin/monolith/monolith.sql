-- What the monolith keeps beside its customers, whose table is the adapters'.
CREATE TABLE IF NOT EXISTS products (
    id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    name VARCHAR(200) NOT NULL,
    cents BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET = utf8mb4;
CREATE TABLE IF NOT EXISTS stock (
    product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    pieces BIGINT NOT NULL CHECK (pieces >= 0)
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS orders (
    id VARBINARY(128) NOT NULL PRIMARY KEY,
    customer VARBINARY(255) NOT NULL,
    product VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    pieces BIGINT NOT NULL,
    cents BIGINT NOT NULL
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS payments (
    orders VARBINARY(128) NOT NULL PRIMARY KEY,
    cents BIGINT NOT NULL
) ENGINE = InnoDB;
INSERT IGNORE INTO products (id, name, cents)
    VALUES ('p-1', 'Teapot', 1200), ('p-2', 'Kettle', 3400), ('p-3', 'Cup', 450), ('p-4', 'Spoon', 120);
INSERT IGNORE INTO stock (product, pieces)
    VALUES ('p-1', 1000), ('p-2', 1000), ('p-3', 1000), ('p-4', 1000);

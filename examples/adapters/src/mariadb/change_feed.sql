-- What writers outside have changed and nobody has carried over yet. Triggers write it, in the transactions of the changes.
CREATE TABLE IF NOT EXISTS plain_customer_change (
    number BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id VARBINARY(255) NOT NULL,
    -- UTC, and when the change was recorded: nobody knows when it is committed.
    at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE = InnoDB;

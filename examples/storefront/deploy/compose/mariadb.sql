-- Whoever moves users opens where they are, too.
CREATE USER operator IDENTIFIED BY 'laptop';
GRANT ALL ON shop.* TO operator;

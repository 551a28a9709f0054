-- A database for each service, and a login that owns it and opens no other. The state of the migration is opened by those who follow it.
CREATE ROLE state LOGIN PASSWORD 'laptop';
CREATE ROLE users LOGIN PASSWORD 'laptop';
CREATE ROLE orders LOGIN PASSWORD 'laptop';
CREATE ROLE inventory LOGIN PASSWORD 'laptop';
CREATE ROLE payments LOGIN PASSWORD 'laptop';
CREATE DATABASE state OWNER state;
CREATE DATABASE users OWNER users;
CREATE DATABASE orders OWNER orders;
CREATE DATABASE inventory OWNER inventory;
CREATE DATABASE payments OWNER payments;
REVOKE ALL ON DATABASE state, users, orders, inventory, payments FROM PUBLIC;

-- Whoever moves users opens where they go, and the state. What it makes there belongs to whom the database belongs to.
CREATE ROLE operator LOGIN PASSWORD 'laptop' IN ROLE state, users;
ALTER ROLE operator IN DATABASE state SET role = 'state';
ALTER ROLE operator IN DATABASE users SET role = 'users';

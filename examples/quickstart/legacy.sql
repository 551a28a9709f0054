-- The monolith's table, as it grew: everything in one row, floats for numbers,
-- rows deleted without a trace. The migration does not touch it.
CREATE TABLE IF NOT EXISTS airports (
    icao        TEXT PRIMARY KEY NOT NULL CHECK (icao <> ''),
    iata        TEXT,
    name        TEXT NOT NULL,
    city        TEXT,
    subdivision TEXT,
    country     TEXT NOT NULL,
    elevation   REAL NOT NULL,  -- feet
    latitude    REAL NOT NULL,  -- degrees
    longitude   REAL NOT NULL,
    timezone    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS airports_iata ON airports (iata);
CREATE INDEX IF NOT EXISTS airports_country ON airports (country);

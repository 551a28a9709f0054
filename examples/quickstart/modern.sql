-- The new service's tables: whole numbers, one table for each concern, and room
-- for a stamp. A tombstone is a row of `airport` with a key and a stamp and
-- nothing else.
CREATE TABLE IF NOT EXISTS airport (
    icao  TEXT PRIMARY KEY NOT NULL CHECK (icao <> ''),
    -- A writer that knows of no stamps leaves the smallest one, `Stamp::BASE`.
    stamp BLOB NOT NULL DEFAULT x'00000000000000000000000000000001'
          CHECK (length(stamp) = 16 AND stamp > x'00000000000000000000000000000000'),
    iata  TEXT,
    name  TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS airport_iata ON airport (iata);

CREATE TABLE IF NOT EXISTS airport_place (
    icao        TEXT PRIMARY KEY NOT NULL REFERENCES airport,
    city        TEXT,
    subdivision TEXT,
    country     TEXT NOT NULL,
    timezone    TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS airport_place_country ON airport_place (country);

CREATE TABLE IF NOT EXISTS airport_position (
    icao      TEXT PRIMARY KEY NOT NULL REFERENCES airport,
    latitude  INTEGER NOT NULL CHECK (abs(latitude) <= 90000000),    -- millionths of a degree
    longitude INTEGER NOT NULL CHECK (abs(longitude) <= 180000000),
    elevation INTEGER NOT NULL                                       -- hundredths of a foot
) WITHOUT ROWID;

CREATE VIEW IF NOT EXISTS airport_record AS
SELECT * FROM airport
LEFT JOIN airport_place USING (icao)
LEFT JOIN airport_position USING (icao);

-- Schema version 3: pins.

-- A name whose version, the one it stood for when it was pinned, is not evicted until a time.
-- What has run out is deleted when the tracker starts, and with the next pin.
CREATE TABLE pins (
  bucket          INTEGER NOT NULL REFERENCES buckets (id),
  key             TEXT    NOT NULL,
  version         BLOB    NOT NULL CHECK (length(version) = 32),
  object_bytes    INTEGER NOT NULL CHECK (object_bytes >= 0),
  expires_unix_ns INTEGER NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

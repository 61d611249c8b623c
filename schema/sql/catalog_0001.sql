-- The tracker's catalog, schema version 1: all that must outlive a tracker.
--
-- A migration file brings a database from the version before its number to its number, and is
-- run inside one transaction that also sets user_version. Files are never changed once released:
-- a later schema is a further file. application_id 0x5479746f spells "Tyto".
--
-- Digests are 32-byte blobs. Times are nanoseconds since 1970, UTC. Sizes are bytes.

-- What belongs to no other table, as text.
CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each start of a tracker on this catalog; the newest 64 are kept.
CREATE TABLE epochs (
  epoch           INTEGER PRIMARY KEY,
  started_unix_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE buckets (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  name              TEXT    NOT NULL UNIQUE,
  origin            TEXT    NOT NULL,             -- URL prefix; '' for published objects only
  revalidate        INTEGER NOT NULL CHECK (revalidate IN (0, 1, 2)),   -- never, age, always
  revalidate_age_ms INTEGER NOT NULL CHECK (revalidate_age_ms >= 0),
  trust_peers       INTEGER NOT NULL CHECK (trust_peers IN (0, 1)),
  policy_version    INTEGER NOT NULL CHECK (policy_version >= 1)        -- grows with each change
) STRICT;

-- The facts of each version ever published, or found at an origin and still of use.
CREATE TABLE versions (
  id                      BLOB    PRIMARY KEY CHECK (length(id) = 32),
  bucket                  INTEGER NOT NULL REFERENCES buckets (id),
  key                     TEXT    NOT NULL,
  object_bytes            INTEGER NOT NULL CHECK (object_bytes >= 0),
  chunk_bytes             INTEGER NOT NULL CHECK (chunk_bytes >= 16384),
  is_published            INTEGER NOT NULL CHECK (is_published IN (0, 1)),
  origin_url              TEXT    NOT NULL,       -- '' where there is no origin
  origin_etag             TEXT    NOT NULL,       -- strong, with its quotes; '' for none
  origin_modified_unix_ns INTEGER,
  recorded_unix_ns        INTEGER NOT NULL
) STRICT;

-- The chunk roots of a published version, one after the other: 32 bytes a chunk.
CREATE TABLE manifests (
  version BLOB PRIMARY KEY REFERENCES versions (id) ON DELETE CASCADE,
  roots   BLOB NOT NULL CHECK (length(roots) % 32 = 0)
) STRICT;

-- Chunk roots learned by reading an origin, of versions that were never published.
CREATE TABLE learned_roots (
  version BLOB    NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
  chunk   INTEGER NOT NULL CHECK (chunk >= 0),
  root    BLOB    NOT NULL CHECK (length(root) = 32),
  PRIMARY KEY (version, chunk)
) STRICT, WITHOUT ROWID;

-- What a name stands for: the version published last, or the one last found at the origin.
CREATE TABLE names (
  bucket       INTEGER NOT NULL REFERENCES buckets (id),
  key          TEXT    NOT NULL,
  version      BLOB    NOT NULL REFERENCES versions (id),
  is_published INTEGER NOT NULL CHECK (is_published IN (0, 1)),
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX names_by_version ON names (version);

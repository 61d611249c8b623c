-- The tracker's catalog on PostgreSQL, schema version 1: what catalog_0001.sql to catalog_0003.sql
-- make on SQLite, and what several trackers need besides: the order of changes, and the members.
--
-- Run inside one transaction, with search_path at the schema `tyto`, that also sets
-- schema_version. Files are never changed once released: a later schema is a further file.
--
-- All integers are BIGINT, digests 32 bytes. Times are nanoseconds since 1970, UTC. Sizes are
-- bytes. Keys are ordered by their bytes, as everywhere in Tyto.

CREATE TABLE settings (
  key   TEXT COLLATE "C" PRIMARY KEY,
  value TEXT NOT NULL
);

-- One row for each start of a tracker on this catalog; the newest 64 are kept.
CREATE TABLE epochs (
  epoch           BIGINT PRIMARY KEY,
  started_unix_ns BIGINT NOT NULL
);

CREATE TABLE buckets (
  id                BIGINT PRIMARY KEY,
  name              TEXT   COLLATE "C" NOT NULL UNIQUE,
  origin            TEXT   NOT NULL,
  revalidate        BIGINT NOT NULL CHECK (revalidate IN (0, 1, 2)),
  revalidate_age_ms BIGINT NOT NULL CHECK (revalidate_age_ms >= 0),
  trust_peers       BIGINT NOT NULL CHECK (trust_peers IN (0, 1)),
  policy_version    BIGINT NOT NULL CHECK (policy_version >= 1)
);

CREATE TABLE versions (
  id                      BYTEA  PRIMARY KEY CHECK (octet_length(id) = 32),
  bucket                  BIGINT NOT NULL REFERENCES buckets (id),
  key                     TEXT   COLLATE "C" NOT NULL,
  object_bytes            BIGINT NOT NULL CHECK (object_bytes >= 0),
  chunk_bytes             BIGINT NOT NULL CHECK (chunk_bytes >= 16384),
  is_published            BIGINT NOT NULL CHECK (is_published IN (0, 1)),
  origin_url              TEXT   NOT NULL,
  origin_etag             TEXT   NOT NULL,
  origin_modified_unix_ns BIGINT,
  recorded_unix_ns        BIGINT NOT NULL
);

CREATE TABLE manifests (
  version BYTEA PRIMARY KEY REFERENCES versions (id) ON DELETE CASCADE,
  roots   BYTEA NOT NULL CHECK (octet_length(roots) % 32 = 0)
);

CREATE TABLE learned_roots (
  version BYTEA  NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
  chunk   BIGINT NOT NULL CHECK (chunk >= 0),
  root    BYTEA  NOT NULL CHECK (octet_length(root) = 32),
  PRIMARY KEY (version, chunk)
);

CREATE TABLE names (
  bucket       BIGINT NOT NULL REFERENCES buckets (id),
  key          TEXT   COLLATE "C" NOT NULL,
  version      BYTEA  NOT NULL REFERENCES versions (id),
  is_published BIGINT NOT NULL CHECK (is_published IN (0, 1)),
  PRIMARY KEY (bucket, key)
);
CREATE INDEX names_by_version ON names (version);

CREATE TABLE policies (
  bucket       BIGINT NOT NULL REFERENCES buckets (id),
  version      BIGINT NOT NULL CHECK (version >= 1),
  made_unix_ns BIGINT,
  note         TEXT   NOT NULL,
  document     TEXT   NOT NULL,
  PRIMARY KEY (bucket, version)
);

CREATE TABLE pins (
  bucket          BIGINT NOT NULL REFERENCES buckets (id),
  key             TEXT   COLLATE "C" NOT NULL,
  version         BYTEA  NOT NULL CHECK (octet_length(version) = 32),
  object_bytes    BIGINT NOT NULL CHECK (object_bytes >= 0),
  expires_unix_ns BIGINT NOT NULL,
  PRIMARY KEY (bucket, key)
);

-- The number of the last change, in one row. Whoever writes to the catalog locks it first, so that
-- changes are numbered in the order in which they can be seen.
CREATE TABLE change_clock (
  only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
  serial   BIGINT NOT NULL
);
INSERT INTO change_clock VALUES (1, 0);

-- What was changed, so that trackers read anew what others have written. The newest 100,000 are
-- kept; who is further behind reads everything. Channel of notifications: tyto_catalog.
CREATE TABLE changes (
  serial     BIGINT PRIMARY KEY,
  epoch      BIGINT NOT NULL,                -- of the tracker that wrote it; 0: a tool
  at_unix_ns BIGINT NOT NULL,
  kind       BIGINT NOT NULL CHECK (kind IN (0, 1, 2, 3)),   -- bucket, version, name, pin
  bucket     BIGINT NOT NULL,                -- 0 for versions
  key        TEXT   NOT NULL,                -- of names and pins
  version    BYTEA  NOT NULL                 -- of versions; else empty
);

-- The trackers of the cluster. Each renews its own row; one whose lease has run out is gone.
-- Channel of notifications: tyto_members.
CREATE TABLE members (
  id               BIGINT PRIMARY KEY,       -- 64 bits, unsigned ones as two's complement
  rpc              TEXT   NOT NULL,          -- host:port for peers and other trackers
  http             TEXT   NOT NULL,          -- host:port of its API and metrics
  region           TEXT   NOT NULL,
  epoch            BIGINT NOT NULL,
  protocol_min     BIGINT NOT NULL,          -- versions of the control protocol that it speaks
  protocol_max     BIGINT NOT NULL,
  started_unix_ns  BIGINT NOT NULL,
  lease_until      TIMESTAMPTZ NOT NULL      -- by the server's clock
);

-- Schema version 2: each bucket's policy, as a document, with its history.

-- One row for each change of a bucket, the newest of which is in force. `document` is TOML, as it
-- was given (docs/policies.md); '' is the default policy. `version` is buckets.policy_version of
-- its time. The newest 1000 of a bucket are kept. An ordinary table, since documents may be long:
-- the index alone finds and drops rows.
CREATE TABLE policies (
  bucket       INTEGER NOT NULL REFERENCES buckets (id),
  version      INTEGER NOT NULL CHECK (version >= 1),
  made_unix_ns INTEGER,                           -- null: before this table
  note         TEXT    NOT NULL,                  -- why, in words; '' where nobody said
  document     TEXT    NOT NULL,
  PRIMARY KEY (bucket, version)
) STRICT;

-- Buckets from before this table have the default policy, and no history.
INSERT INTO policies (bucket, version, note, document)
  SELECT id, policy_version, '', '' FROM buckets;

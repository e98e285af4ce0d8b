-- requests: everything that was ever decided. id is the request id, or the SHA-256 of the bytes of an entry that was
-- refused. A row's version grows with every change: who changes it names the version it saw.
CREATE TABLE requests (
  id              TEXT PRIMARY KEY,
  status          TEXT NOT NULL CHECK (status IN ('Held', 'Issued', 'Denied')),
  version         INTEGER NOT NULL,
  name            TEXT NOT NULL,
  profile         TEXT NOT NULL,
  requester       TEXT NOT NULL,
  ssh_fingerprint TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL,
  node            TEXT NOT NULL,
  subject         TEXT NOT NULL,
  names           TEXT NOT NULL,
  refusals        TEXT NOT NULL,
  reason          TEXT NOT NULL,
  authenticated   INTEGER NOT NULL,
  size            INTEGER NOT NULL,
  serial          TEXT NOT NULL,
  received        TEXT NOT NULL,
  decided         TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX requests_open ON requests (received) WHERE status = 'Held';

-- bodies: what is large and rarely read, apart from the indexes: an entry's bytes and the notice answered to it.
CREATE TABLE bodies (
  id     TEXT PRIMARY KEY REFERENCES requests (id),
  entry  BLOB,
  notice BLOB
);

CREATE TABLE certificates (
  serial          TEXT PRIMARY KEY,
  request         TEXT NOT NULL REFERENCES requests (id),
  profile         TEXT NOT NULL,
  subject         TEXT NOT NULL,
  names           TEXT NOT NULL,
  issuer          TEXT NOT NULL,
  not_before      TEXT NOT NULL,
  not_after       TEXT NOT NULL,
  status          TEXT NOT NULL,
  requester       TEXT NOT NULL,
  fingerprint     TEXT NOT NULL,
  key_fingerprint TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX certificates_request ON certificates (request);
CREATE INDEX certificates_expiry ON certificates (not_after);

-- ders: the leaf and the chain published with it, as one PEM, apart from the indexes.
CREATE TABLE ders (
  serial TEXT PRIMARY KEY REFERENCES certificates (serial),
  answer BLOB NOT NULL
);

-- answers: which request owns which name on which exchange; folded is the name as a case-folding file system sees it.
CREATE TABLE answers (
  exchange  TEXT NOT NULL,
  team      TEXT NOT NULL,
  folded    TEXT NOT NULL,
  name      TEXT NOT NULL,
  request   TEXT NOT NULL REFERENCES requests (id),
  published INTEGER NOT NULL,
  PRIMARY KEY (exchange, team, folded)
) WITHOUT ROWID;
CREATE INDEX answers_request ON answers (request);
CREATE INDEX answers_open ON answers (exchange) WHERE published = 0;

CREATE TABLE events (
  seq      INTEGER PRIMARY KEY,
  time     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  request  TEXT NOT NULL,
  serial   TEXT NOT NULL,
  detail   TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash     TEXT NOT NULL
);
CREATE INDEX events_request ON events (request);

-- pressure: one row, what unsigned and unknown askers hold open, kept by the triggers below so that nobody counts rows.
CREATE TABLE pressure (held INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO pressure VALUES (0, 0);
CREATE TRIGGER pressure_insert AFTER INSERT ON requests WHEN new.status = 'Held' AND new.authenticated = 0 BEGIN
  UPDATE pressure SET held = held + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER pressure_update AFTER UPDATE OF status, authenticated, size ON requests BEGIN
  UPDATE pressure SET
    held = held - (old.status = 'Held' AND old.authenticated = 0) + (new.status = 'Held' AND new.authenticated = 0),
    bytes = bytes - old.size * (old.status = 'Held' AND old.authenticated = 0) + new.size * (new.status = 'Held' AND new.authenticated = 0);
END;

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Rows are numbered as they come, and tables refer to each other by number, so that nearly everything is written at
-- the end of its table: with a million certificates a batch costs what it cost in the beginning. What is large stands
-- apart from what is searched.

-- requests: everything that was ever decided. id is the request id, or the SHA-256 of the bytes of an entry that was
-- refused. A row's version grows with every change: who changes it names the version it saw.
CREATE TABLE requests (
  num             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
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
);
CREATE INDEX requests_open ON requests (received) WHERE status = 'Held';

-- bodies: a request's bytes, and the notice it was answered by.
CREATE TABLE bodies (
  request INTEGER PRIMARY KEY REFERENCES requests (num),
  entry   BLOB,
  notice  BLOB
);

CREATE TABLE certificates (
  num             INTEGER PRIMARY KEY,
  serial          TEXT NOT NULL UNIQUE,
  request         INTEGER NOT NULL REFERENCES requests (num),
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
);
CREATE INDEX certificates_request ON certificates (request);
CREATE INDEX certificates_expiry ON certificates (not_after);

-- ders: the leaf and the chain as they were published, one PEM.
CREATE TABLE ders (
  certificate INTEGER PRIMARY KEY REFERENCES certificates (num),
  answer      BLOB NOT NULL
);

-- answers: which request owns which name on which exchange; folded is the name as a case-folding file system sees it.
CREATE TABLE answers (
  num      INTEGER PRIMARY KEY,
  exchange TEXT NOT NULL,
  team     TEXT NOT NULL,
  folded   TEXT NOT NULL,
  name     TEXT NOT NULL,
  request  INTEGER NOT NULL REFERENCES requests (num),
  UNIQUE (folded, exchange, team)
);
CREATE INDEX answers_request ON answers (request);

-- owed: answers that are not known to lie durably in their outbox.
CREATE TABLE owed (answer INTEGER PRIMARY KEY REFERENCES answers (num));

-- events: the chain (docs/ledger.md). about is the request's number, for searching; the hash covers its id.
CREATE TABLE events (
  seq      INTEGER PRIMARY KEY,
  time     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  request  TEXT NOT NULL,
  serial   TEXT NOT NULL,
  detail   TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash     TEXT NOT NULL,
  about    INTEGER
);
CREATE INDEX events_about ON events (about);

-- pressure: one row, what unsigned and unknown askers hold open, kept by the triggers below so that nobody counts rows.
CREATE TABLE pressure (held INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO pressure VALUES (0, 0);
CREATE TRIGGER pressure_insert AFTER INSERT ON requests WHEN new.status = 'Held' AND new.authenticated = 0 BEGIN
  UPDATE pressure SET held = held + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER pressure_update AFTER UPDATE OF status, authenticated, size ON requests BEGIN
  UPDATE pressure SET
    held = held - (old.status = 'Held' AND old.authenticated = 0) + (new.status = 'Held' AND new.authenticated = 0),
    bytes = bytes - old.size * (old.status = 'Held' AND old.authenticated = 0) + new.size
      * (new.status = 'Held' AND new.authenticated = 0);
END;

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Version 2. Rows are numbered as they come and tables refer to each other by number, so that nearly everything is
-- written at the end of its table: with a million certificates a batch costs about what it cost in the beginning. Ids,
-- serials, fingerprints and hashes are bytes, times seconds since 1970 UTC, lists and objects JSON; the views at the end
-- show them as text. What is large is apart from what is searched.

-- requests: every id on which something was decided. A row's version grows with every change: a writer names the
-- version that it saw.
CREATE TABLE requests (
  num             INTEGER PRIMARY KEY,
  id              BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  kind            TEXT NOT NULL CHECK (kind IN ('Request', 'Refused', 'Unread', 'Certificate')),
  status          TEXT NOT NULL CHECK (status IN ('Held', 'Issued', 'Denied', 'Superseded')),
  version         INTEGER NOT NULL DEFAULT 1,
  certificate     INTEGER, -- number of the present one; a foreign key would search requests at each new certificate
  name            TEXT NOT NULL,
  profile         TEXT NOT NULL,
  requester       TEXT NOT NULL,
  ssh_fingerprint BLOB NOT NULL,
  key_fingerprint BLOB NOT NULL,
  node            TEXT NOT NULL,
  subject         TEXT NOT NULL,
  names           TEXT NOT NULL,
  refusals        TEXT NOT NULL,
  reason          TEXT NOT NULL,
  authenticated   INTEGER NOT NULL,
  size            INTEGER NOT NULL,
  received        INTEGER NOT NULL,
  decided         INTEGER NOT NULL
);
CREATE INDEX requests_held ON requests (received) WHERE status = 'Held';
CREATE INDEX requests_recovered ON requests (key_fingerprint) WHERE reason = 'Recovered';

-- archives: files to which bytes were moved that are hardly asked for any more. event is the one that vouches for it.
CREATE TABLE archives (
  num          INTEGER PRIMARY KEY,
  file         TEXT NOT NULL,
  sha256       BLOB NOT NULL UNIQUE,
  certificates INTEGER NOT NULL,
  event        INTEGER NOT NULL
);

-- bodies: a request's bytes, and the notice that answered it. Where an archive has them, digest is what stands for them
-- in the digest of the row.
CREATE TABLE bodies (
  request INTEGER PRIMARY KEY REFERENCES requests (num),
  entry   BLOB,
  notice  BLOB,
  archive INTEGER REFERENCES archives (num),
  digest  BLOB
);

-- issuers: one row for each generation of an issuer. der is NULL only where version 1 issued by it and did not keep it.
CREATE TABLE issuers (
  num         INTEGER PRIMARY KEY,
  name        TEXT NOT NULL,
  generation  INTEGER NOT NULL,
  fingerprint BLOB UNIQUE,
  der         BLOB,
  state       TEXT NOT NULL CHECK (state IN ('Next', 'Active', 'Retiring', 'Retired')),
  since       INTEGER NOT NULL,
  UNIQUE (name, generation)
);

-- chains: what follows the leaf in an answer, the DER of each certificate after the other; none for a root's answers.
CREATE TABLE chains (
  num INTEGER PRIMARY KEY,
  der BLOB NOT NULL UNIQUE
);

-- certificates: place is eight bytes of SHA-256 over what a certificate has in common with the one that renews it:
-- requester, profile, subject and node; where there is no node, the names. superseded: it is valid, and another valid
-- one renews it or was issued later for its place. The key is that of the request.
CREATE TABLE certificates (
  num         INTEGER PRIMARY KEY,
  request     INTEGER NOT NULL REFERENCES requests (num),
  serial      BLOB NOT NULL,
  issuer      INTEGER NOT NULL REFERENCES issuers (num),
  chain       INTEGER REFERENCES chains (num),
  replaces    INTEGER REFERENCES certificates (num),
  origin      TEXT NOT NULL CHECK (origin IN ('Issued', 'Imported', 'Recovered')),
  status      TEXT NOT NULL CHECK (status IN ('Issued', 'Revoked')),
  profile     TEXT NOT NULL,
  requester   TEXT NOT NULL,
  node        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  names       TEXT NOT NULL,
  place       INTEGER NOT NULL,
  superseded  INTEGER NOT NULL,
  issued      INTEGER NOT NULL,
  not_before  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  UNIQUE (serial, issuer)
);
CREATE INDEX certificates_expiry ON certificates (not_after);
CREATE INDEX certificates_node ON certificates (node, not_after) WHERE node <> '';
CREATE INDEX certificates_place ON certificates (place, superseded, issued);
CREATE INDEX certificates_replaces ON certificates (replaces) WHERE replaces IS NOT NULL;
-- Eight bytes find one among many millions. Each index that grows at random places costs every certificate a page: the
-- key has none, and a look-up by key reads all rows.
CREATE INDEX certificates_fingerprint ON certificates (substr(fingerprint, 1, 8));
-- What is in use is few among those that were renewed for years: the first of a list is found at once.
CREATE INDEX certificates_current ON certificates (not_after) WHERE superseded = 0;
CREATE INDEX certificates_profile ON certificates (profile, not_after) WHERE superseded = 0;
CREATE INDEX certificates_issuer ON certificates (issuer, not_after) WHERE superseded = 0;
CREATE INDEX certificates_requester ON certificates (requester, superseded, not_after);

-- What a revoked certificate superseded is in use again, unless it has another successor.
CREATE TRIGGER certificates_revoke AFTER UPDATE OF status ON certificates WHEN NEW.status = 'Revoked' BEGIN
  UPDATE certificates SET superseded = 0 WHERE num = NEW.num;
  UPDATE certificates SET superseded =
    EXISTS (SELECT 1 FROM certificates AS s WHERE s.replaces = certificates.num AND s.status = 'Issued') OR
    EXISTS (SELECT 1 FROM certificates AS s WHERE s.place = certificates.place AND s.status = 'Issued'
      AND (s.issued, s.num) > (certificates.issued, certificates.num)
      AND (+s.requester, s.profile, s.subject, s.node) = (NEW.requester, NEW.profile, NEW.subject, NEW.node)
      AND (s.node <> '' OR s.names = NEW.names))
  WHERE superseded AND (num = NEW.replaces OR place = NEW.place);
END;

-- ders: the leaf; NULL where an archive has it.
CREATE TABLE ders (
  certificate INTEGER PRIMARY KEY REFERENCES certificates (num),
  der         BLOB,
  archive     INTEGER REFERENCES archives (num),
  CHECK ((der IS NULL) = (archive IS NOT NULL))
);

-- published: the bytes of an answer of version 1 that are not the PEM of leaf and chain.
CREATE TABLE published (
  certificate INTEGER PRIMARY KEY REFERENCES certificates (num),
  answer      BLOB NOT NULL
);

-- revocations: of certificates that the ledger has, and of serials that it never saw. entry is the CRL entry in DER.
CREATE TABLE revocations (
  num         INTEGER PRIMARY KEY,
  issuer      INTEGER NOT NULL REFERENCES issuers (num),
  serial      BLOB NOT NULL,
  certificate INTEGER REFERENCES certificates (num),
  time        INTEGER NOT NULL,
  reason      INTEGER NOT NULL, -- RFC 5280 5.3.1
  since       INTEGER,
  entry       BLOB NOT NULL,
  UNIQUE (issuer, serial)
);

CREATE TABLE crls (
  num         INTEGER PRIMARY KEY,
  issuer      INTEGER NOT NULL REFERENCES issuers (num),
  number      INTEGER NOT NULL,
  this_update INTEGER NOT NULL,
  next_update INTEGER NOT NULL,
  entries     INTEGER NOT NULL,
  sha256      BLOB NOT NULL,
  UNIQUE (issuer, number)
);

-- reports: the newest one of each requester's node.
CREATE TABLE reports (
  requester TEXT NOT NULL,
  node      TEXT NOT NULL,
  time      INTEGER NOT NULL,
  body      BLOB NOT NULL,
  UNIQUE (requester, node)
);

-- places: one team's part of one exchange's outbox; '' is the outbox itself.
CREATE TABLE places (
  num      INTEGER PRIMARY KEY,
  exchange TEXT NOT NULL,
  team     TEXT NOT NULL,
  UNIQUE (exchange, team)
);

-- answers: which request owns which name in which place. Names are compared as a file system without case sees them.
-- owed: the request's present answer is not known to be durable in the outbox.
CREATE TABLE answers (
  num     INTEGER PRIMARY KEY,
  place   INTEGER NOT NULL REFERENCES places (num),
  name    TEXT NOT NULL,
  request INTEGER NOT NULL REFERENCES requests (num),
  owed    INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX answers_name ON answers (rtrim(lower(name), '.'), place);
CREATE INDEX answers_request ON answers (request);
CREATE INDEX answers_owed ON answers (place) WHERE owed;

-- events: the chain (docs/ledger.md). The hash covers the request's id and the previous event's hash, which are not
-- stored here again.
CREATE TABLE events (
  seq    INTEGER PRIMARY KEY,
  time   INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  about  INTEGER REFERENCES requests (num),
  serial BLOB NOT NULL,
  detail TEXT NOT NULL,
  hash   BLOB NOT NULL
);
CREATE INDEX events_about ON events (about) WHERE about IS NOT NULL;

-- counters: one row, kept by every transaction so that nobody counts rows. seq and hash are the end of the chain,
-- newest is the latest time of an event since a clock was last accepted; unsigned_* count what unauthenticated askers
-- hold open and were denied.
CREATE TABLE counters (
  seq             INTEGER NOT NULL,
  hash            BLOB NOT NULL,
  newest          INTEGER NOT NULL,
  held            INTEGER NOT NULL,
  certificates    INTEGER NOT NULL,
  unsigned_held   INTEGER NOT NULL,
  unsigned_bytes  INTEGER NOT NULL,
  unsigned_denied INTEGER NOT NULL
);

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- For people with a sqlite3 shell: bytes as lower-case hex, times as RFC 3339.

CREATE VIEW requests_hex AS SELECT
  num, lower(hex(id)) AS id, kind, status, version,
  coalesce((SELECT lower(hex(serial)) FROM certificates WHERE num = requests.certificate), '') AS serial,
  name, profile, requester, lower(hex(ssh_fingerprint)) AS ssh_fingerprint,
  lower(hex(key_fingerprint)) AS key_fingerprint, node, subject, names, refusals, reason, authenticated, size,
  strftime('%Y-%m-%dT%H:%M:%SZ', received, 'unixepoch') AS received,
  strftime('%Y-%m-%dT%H:%M:%SZ', decided, 'unixepoch') AS decided
FROM requests;

CREATE VIEW certificates_hex AS SELECT
  num, lower(hex(serial)) AS serial, (SELECT lower(hex(id)) FROM requests WHERE num = certificates.request) AS request,
  (SELECT name FROM issuers WHERE num = certificates.issuer) AS issuer,
  (SELECT generation FROM issuers WHERE num = certificates.issuer) AS generation,
  (SELECT lower(hex(old.fingerprint)) FROM certificates AS old WHERE old.num = certificates.replaces) AS replaces,
  origin, status, profile, requester, node, subject, names,
  strftime('%Y-%m-%dT%H:%M:%SZ', issued, 'unixepoch') AS issued,
  strftime('%Y-%m-%dT%H:%M:%SZ', not_before, 'unixepoch') AS not_before,
  strftime('%Y-%m-%dT%H:%M:%SZ', not_after, 'unixepoch') AS not_after,
  lower(hex(fingerprint)) AS fingerprint,
  (SELECT lower(hex(key_fingerprint)) FROM requests WHERE num = certificates.request) AS key_fingerprint, superseded
FROM certificates;

CREATE VIEW answers_hex AS SELECT
  answers.num, exchange, team, answers.name, lower(hex(id)) AS request, status, owed
FROM answers JOIN places ON places.num = place JOIN requests ON requests.num = request;

CREATE VIEW events_hex AS SELECT
  seq, strftime('%Y-%m-%dT%H:%M:%SZ', time, 'unixepoch') AS time, kind,
  coalesce((SELECT lower(hex(id)) FROM requests WHERE num = about), '') AS request, lower(hex(serial)) AS serial, detail,
  coalesce((SELECT lower(hex(before.hash)) FROM events AS before WHERE before.seq = events.seq - 1),
    '0000000000000000000000000000000000000000000000000000000000000000') AS previous,
  lower(hex(hash)) AS hash
FROM events;

-- From version 1 to version 2, in one transaction. The old tables get other names and lose their indexes, whose names
-- the new ones take; bodies and settings stay as they are.
DROP TRIGGER pressure_insert;
DROP TRIGGER pressure_update;
DROP INDEX requests_open;
DROP INDEX certificates_expiry;
DROP INDEX events_about;
ALTER TABLE requests RENAME TO v1_requests;
ALTER TABLE certificates RENAME TO v1_certificates;
ALTER TABLE ders RENAME TO v1_ders;
ALTER TABLE answers RENAME TO v1_answers;
ALTER TABLE events RENAME TO v1_events;
ALTER TABLE bodies RENAME TO v1_bodies;
ALTER TABLE settings RENAME TO v1_settings;
DROP INDEX certificates_request;
DROP INDEX answers_request;
-- new tables
-- step: requests
INSERT INTO requests (num, id, kind, status, version, certificate, name, profile, requester, ssh_fingerprint,
  key_fingerprint, node, subject, names, refusals, reason, authenticated, size, received, decided)
SELECT num, unhex(id),
  -- Only a request's bytes were kept, and a refusal of an entry that was not read has one of two reasons.
  CASE WHEN status <> 'Denied' OR serial <> '' OR EXISTS
    (SELECT 1 FROM v1_bodies WHERE v1_bodies.request = r.num AND entry IS NOT NULL) THEN 'Request'
  WHEN reason IN ('EntryNotRegular', 'EntryTooLarge') THEN 'Unread' ELSE 'Refused' END,
  status, version, (SELECT num FROM v1_certificates WHERE v1_certificates.serial = r.serial), name, profile, requester,
  coalesce((SELECT bytes FROM temp.keys WHERE text = ssh_fingerprint), ssh_fingerprint),
  coalesce(unhex(key_fingerprint), key_fingerprint), node, subject, names,
  CASE refusals WHEN 'null' THEN '[]' ELSE refusals END, reason, authenticated, size, unixepoch(received),
  unixepoch(decided)
FROM v1_requests AS r ORDER BY num;
-- step: what is superseded
UPDATE certificates SET superseded = 1 WHERE status = 'Issued' AND num NOT IN (
  SELECT num FROM (SELECT num, row_number() OVER (
    PARTITION BY requester, profile, subject, node, CASE node WHEN '' THEN names END
    ORDER BY issued DESC, num DESC) AS nth
    FROM certificates WHERE status = 'Issued') WHERE nth = 1);
-- step: answers
INSERT INTO places (exchange, team) SELECT exchange, team FROM v1_answers GROUP BY exchange, team ORDER BY min(num);
INSERT INTO answers (num, place, name, request, owed)
SELECT a.num, p.num, name, request, EXISTS (SELECT 1 FROM owed WHERE answer = a.num)
FROM v1_answers AS a JOIN places AS p ON p.exchange = a.exchange AND p.team = a.team ORDER BY a.num;
-- step: events
INSERT INTO events (seq, time, kind, about, serial, detail, hash)
SELECT seq, unixepoch(time), kind, nullif(about, 0), coalesce(unhex(serial), serial), detail,
  coalesce(unhex(hash), hash)
FROM v1_events ORDER BY seq;
-- step: counters
INSERT INTO counters (seq, hash, newest, held, certificates, unsigned_held, unsigned_bytes, unsigned_denied)
SELECT (SELECT seq FROM events ORDER BY seq DESC LIMIT 1), (SELECT hash FROM events ORDER BY seq DESC LIMIT 1),
  -- The latest time since a clock was last accepted.
  (SELECT max(time) FROM events WHERE seq >= coalesce((SELECT max(seq) FROM events WHERE kind = 'ClockAccepted'), 0)),
  count(*) FILTER (WHERE status = 'Held'), (SELECT count(*) FROM certificates),
  count(*) FILTER (WHERE status = 'Held' AND NOT authenticated),
  coalesce(sum(size) FILTER (WHERE status = 'Held' AND NOT authenticated), 0),
  count(*) FILTER (WHERE status = 'Denied' AND NOT authenticated)
FROM requests;
-- step: old tables
DROP TABLE owed;
DROP TABLE pressure;
DROP TABLE v1_answers;
DROP TABLE v1_events;
DROP TABLE v1_requests;
DROP TABLE v1_certificates;
DROP TABLE bodies;
ALTER TABLE v1_bodies RENAME TO bodies;
ALTER TABLE bodies ADD COLUMN archive INTEGER REFERENCES archives (num);
ALTER TABLE bodies ADD COLUMN digest BLOB;
DROP TABLE settings;
ALTER TABLE v1_settings RENAME TO settings;

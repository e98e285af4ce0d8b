package ledger

// The bulk writes. Each names its columns, so that a column added later cannot shift the values of the others.
var (
	addRequests = bulk{`INSERT INTO requests (num, id, kind, ` + requestFields + `) VALUES `, 19,
		` ON CONFLICT (id) DO NOTHING`}

	// changeRequests checks the version in the update itself: a row that another process changed is not touched.
	changeRequests = bulk{`WITH new (num, version, ` + requestFields + `) AS (VALUES `, 18,
		`) UPDATE requests SET version = requests.version + 1, (` + requestFields + `) = (new.status, new.certificate,
		new.name, new.profile, new.requester, new.ssh_fingerprint, new.key_fingerprint, new.node, new.subject,
		new.names, new.refusals, new.reason, new.authenticated, new.size, new.received, new.decided)
		FROM new WHERE requests.num = new.num AND requests.version = new.version`}

	addBodies = bulk{`INSERT INTO bodies (request, entry, notice) VALUES `, 3,
		` ON CONFLICT (request) DO UPDATE
		SET entry = coalesce(excluded.entry, entry), notice = coalesce(excluded.notice, notice), archive = NULL,
		digest = NULL`}

	addCertificates = bulk{`INSERT INTO certificates (num, request, serial, issuer, chain, replaces, origin, status,
		profile, requester, node, subject, names, place, superseded, issued, not_before, not_after,
		fingerprint) VALUES `, 19, ``}

	// supersedePlaces takes the newest certificate of each place, and turns the older one that was in use into a
	// superseded one. That may be the new one: one that was recovered or imported.
	supersedePlaces = bulk{`WITH new (num) AS (VALUES `, 1, `) UPDATE certificates SET superseded = 1 WHERE num IN (
		SELECT CASE WHEN (s.issued, s.num) > (c.issued, c.num) THEN c.num ELSE s.num END
		FROM new CROSS JOIN certificates AS c ON c.num = new.num AND c.status = 'Issued'
		CROSS JOIN certificates AS s ON s.superseded = 0 AND s.status = 'Issued' AND s.num <> c.num
			AND ` + samePlace + `)`}

	supersedeRenewed = bulk{`WITH new (num) AS (VALUES `, 1,
		`) UPDATE certificates SET superseded = 1 WHERE num IN new AND status = 'Issued' AND superseded = 0`}

	addDERs = bulk{`INSERT INTO ders (certificate, der) VALUES `, 2, ``}

	addPublished = bulk{`INSERT INTO published (certificate, answer) VALUES `, 2, ``}

	addAnswers = bulk{`INSERT INTO answers (place, name, request) VALUES `, 3,
		` ON CONFLICT (rtrim(lower(name), '.'), place) DO UPDATE
		SET name = excluded.name, request = excluded.request, owed = 1`}

	// markAnswers makes owed say whether the request's version is another than the published one: it turns those around
	// that say otherwise. The joins are ordered and the update is by number: for a large batch SQLite would rather read
	// all answers.
	markAnswers = bulk{`WITH new (folded, place, id, version) AS (VALUES `, 4,
		`) UPDATE answers SET owed = NOT owed WHERE num IN (SELECT a.num FROM new
		CROSS JOIN answers AS a ON rtrim(lower(a.name), '.') = new.folded AND a.place = new.place
		CROSS JOIN requests AS r ON r.num = a.request AND r.id = new.id
		WHERE a.owed <> (r.version <> new.version))`}

	addEvents = bulk{`INSERT INTO events (seq, time, kind, about, serial, detail, hash) VALUES `, 7, ``}

	setCounters = bulk{`UPDATE counters SET (` + counterColumns + `) = `, 8, ``}
)

// requestFields are the columns that every change of a request writes.
const requestFields = `status, certificate, name, profile, requester, ssh_fingerprint, key_fingerprint, node, subject,
	names, refusals, reason, authenticated, size, received, decided`

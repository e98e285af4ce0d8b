#!/usr/bin/env bash
# The report as others read it: Chromium (light, dark, print, 390 pixels wide), python3-icalendar and promtool. Ends with
# "N passed, N failed". SHOTS=DIR keeps the screenshots.
set -u
cd "$(dirname "$0")/.."
need() { command -v "$1" >/dev/null || { [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null; }; }
need chromium chromium
need promtool prometheus
/usr/bin/python3 -c 'import icalendar' 2>/dev/null || need no-such-command python3-icalendar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/ca-admin ./cmd/component-admin || exit 1
export PATH="$work/bin:$PATH" HOME="$work"
shots=${SHOTS:-$work}
repository=$PWD
cd "$work" || exit 1
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR

passed=0 failed=0
expect() { # expect NAME COMMAND…
	local name=$1
	shift
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $name"; fi
}

ca-admin init -q --issuer ca --key-type ECDSA-P256 --trust-inbox >/dev/null || exit 1
printf 'visit: 60d\ncrl: {issuers: [ca]}\n' >>ca/policy.yaml
openssl ecparam -name prime256v1 -genkey -noout -out k.key
for i in $(seq 12); do
	openssl req -new -key k.key -subj "/CN=host$i" -addext "subjectAltName=DNS:a-rather-long-name-of-a-host-$i.prod.cluster.example" -out "exchange/inbox/host$i.csr"
done
openssl req -new -key k.key -subj '/CN=<img src="x" onerror="document.title=1">' -out exchange/inbox/hostile.csr
printf 'not a request\n-----END NOTHING-----\n' >exchange/inbox/junk.csr
ca-admin sync -q
trust=$(ca-admin status -o json 2>/dev/null | sed -n 's/.*"trust": "\(.*\)".*/\1/p')
component-admin init -q --name web --trust "$trust" >/dev/null 2>&1
ca-admin enroll web -q --key component/component-admin/identity.pub --profile server --dns 'host*.**' >/dev/null
component-admin request -q server --dns host13.prod.cluster.example --key-type ECDSA-P256 2>/dev/null
ca-admin sync -q
component-admin sync -q 2>/dev/null
ca-admin sync -q
# Its last report was 130 days ago, more than two visits: no command can say so.
/usr/bin/python3 -c 'import sqlite3; db = sqlite3.connect("ca/ledger.db"); db.execute("UPDATE reports SET time = time - 130 * 86400"); db.commit()'
ca-admin report -q --html report.html --ics report.ics || exit 1
ca-admin list -o json >list.json

cat >judge.html <<'END'
<!doctype html><title>-</title><iframe id="f"></iframe><script>
const width = Number(location.hash.slice(1)), f = document.getElementById("f");
f.style.cssText = `width:${width}px;height:5000px;border:0`;
f.onload = () => {
	const d = f.contentDocument, w = f.contentWindow, bars = [];
	const light = c => { const v = c.match(/[\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
	const ground = e => { for (; e; e = e.parentElement) { const c = w.getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c; } return "rgb(255,255,255)"; };
	let contrast = 99;
	for (const e of d.body.querySelectorAll("*")) {
		if (!e.textContent.trim() || e.closest("svg")) continue;
		const [a, b] = [light(w.getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
		contrast = Math.min(contrast, (a + .05) / (b + .05));
	}
	for (const row of d.querySelectorAll("tr[data-serial]")) {
		const all = row.querySelector("svg").getBoundingClientRect(), bar = row.querySelector("rect").getBoundingClientRect();
		bars.push({serial: row.dataset.serial, from: (bar.left - all.left) / all.width, to: (bar.right - all.left) / all.width});
	}
	const said = {scroll: d.documentElement.scrollWidth, inner: w.innerWidth, contrast, bars, images: d.images.length, title: d.title,
		text: d.body.textContent.includes('<img src="x"') || d.body.textContent.includes('<img src=\\"x\\"'), scripts: d.scripts.length,
		requests: w.performance.getEntriesByType("resource").length, ground: w.getComputedStyle(d.body).backgroundColor};
	document.body.textContent = JSON.stringify(said);
};
f.src = "report.html";
</script>
END
browse() { timeout 40 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --allow-file-access-from-files "$@" 2>/dev/null; }
judge() { # judge WIDTH NAME FLAGS…
	local width=$1 name=$2
	shift 2
	browse "$@" --window-size=1400,900 --virtual-time-budget=5000 --dump-dom "file://$work/judge.html#$width" >"$name.html"
	expect "$name at $width pixels" python3 - "$name.html" "$width" <<'END'
import datetime, html, json, re, sys
said = json.loads(html.unescape(re.search(r"<body>(.*?)</body>", open(sys.argv[1]).read(), re.S).group(1)))
wrong = []
if said["scroll"] > said["inner"] or said["inner"] != int(sys.argv[2]): wrong.append("it scrolls: %d in %d" % (said["scroll"], said["inner"]))
if said["contrast"] < 4.5: wrong.append("contrast %.2f" % said["contrast"])
if said["images"] or said["scripts"] or said["requests"]: wrong.append("it has images, scripts or requests")
if not said["text"] or not said["title"].startswith("CA report of"): wrong.append("a hostile name is not text")
bars = {b["serial"]: b for b in said["bars"]}
items = json.load(open("list.json"))["items"]
if len(items) != 13 or set(bars) != {i["serial"] for i in items}: wrong.append("not the certificates of list -o json")
first = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=30)
for i in items:
    for key, side in ("notBefore", "from"), ("notAfter", "to"):
        want = (datetime.datetime.fromisoformat(i[key].replace("Z", "+00:00")) - first).total_seconds() / 86400 / 730
        if abs(bars[i["serial"]][side] - want) > 1.5 / 730: wrong.append("%s: %s %f, not %f" % (i["serial"], side, bars[i["serial"]][side], want))
if wrong: print("\n".join(wrong), said["ground"])
sys.exit(bool(wrong))
END
}
judge 1200 light
judge 390 light-narrow
judge 1200 dark --blink-settings=preferredColorScheme=0
judge 390 dark-narrow --blink-settings=preferredColorScheme=0
expect "dark differs from light" sh -c '! cmp -s light.html dark.html'
browse --window-size=1200,2200 --screenshot="$shots/light.png" "file://$work/report.html"
browse --window-size=500,4600 --screenshot="$shots/narrow.png" "file://$work/report.html"
browse --window-size=1200,2200 --blink-settings=preferredColorScheme=0 --screenshot="$shots/dark.png" "file://$work/report.html"
browse --print-to-pdf="$shots/print.pdf" "file://$work/report.html"
expect "print" sh -c "head -c 4 '$shots/print.pdf' | grep -q PDF"
expect "a denied request, a silent host and a CRL are in the page" sh -c 'grep -q EntryPem report.html && grep -q "last report" report.html && grep -q "<h2>CRLs" report.html'
expect "no address of another host in the page" sh -c '! grep -E "https?:|//[a-z]|@import|url\(" report.html'

sleep 1
ca-admin report -q --ics again.ics
expect "calendar: python3-icalendar" /usr/bin/python3 - <<'END'
import icalendar, sys
first, again = (icalendar.Calendar.from_ical(open(f, "rb").read()) for f in ("report.ics", "again.ics"))
uids = [[str(e["UID"]) for e in c.walk("VEVENT")] for c in (first, again)]
text = open("report.ics", "rb").read()
lines = text.split(b"\r\n")
ok = uids[0] == uids[1] and len(set(uids[0])) == len(uids[0]) == 1 + 1 + 13 + 13 and all(len(l) <= 75 and b"\n" not in l for l in lines)
ok = ok and any("a-rather-long-name-of-a-host-7.prod.cluster.example, due" in str(e["DESCRIPTION"]) for e in first.walk("VEVENT"))
ok = ok and sum(str(e["SUMMARY"]).startswith("Last visit that saves server@") for e in first.walk("VEVENT")) == 13
ok = ok and "CRL of issuer ca ends" in [str(e["SUMMARY"]) for e in first.walk("VEVENT")]
sys.exit(not ok)
END
ca-admin sync -q --metrics-file ca.prom
component-admin sync -q --metrics-file host.prom
for file in ca host; do
	expect "$file.prom: promtool" promtool check metrics <$file.prom
done
expect "ca.prom hosts" grep -q '^ca_exchange_hosts{state="Silent"} 1$' ca.prom
expect "ca.prom inbox" grep -q '^ca_exchange_inbox_entries 0$' ca.prom
expect "ca.prom counts" grep -q '^ca_exchange_certificates{issuer="ca",state="Issued"} 13$' ca.prom
expect "host.prom" grep -q '^ca_exchange_component_not_after_timestamp_seconds{profile="server",file="pki/host13.prod.cluster.example.crt"} [0-9]*$' host.prom
cp "$repository/contrib/alerts.yaml" .
expect "alerts.yaml: promtool" promtool check rules alerts.yaml
# At 0 s all is well; a certificate ends after 30 days, due after 10, so that half of the time is over after 20.
cat >alerts.test.yaml <<'END'
rule_files: [alerts.yaml]
evaluation_interval: 10m
tests:
- interval: 10m
  input_series:
  - {series: 'ca_exchange_component_not_after_timestamp_seconds{instance="n1",file="a.crt"}', values: '2592000x4000'}
  - {series: 'ca_exchange_component_renewal_due_timestamp_seconds{instance="n1",file="a.crt"}', values: '864000x4000'}
  - {series: 'ca_exchange_certificates{instance="ca",issuer="ca",state="Overdue"}', values: '0x2000 3x2000'}
  - {series: 'ca_exchange_last_pass_timestamp_seconds{instance="ca"}', values: '0+600x1000 600000x3000'}
  - {series: 'ca_exchange_component_last_sync_timestamp_seconds{instance="n1"}', values: '0+600x1000 600000x3000'}
  - {series: 'ca_exchange_oldest_held_timestamp_seconds{instance="ca"}', values: '0x4000'}
  - {series: 'ca_exchange_component_hook_failed{instance="n1",file="a.crt"}', values: '0x1000 1x3000'}
  - {series: 'ca_exchange_hosts{instance="ca",state="Silent"}', values: '0x1000 2x3000'}
  - {series: 'ca_exchange_hosts{instance="ca",state="Reporting"}', values: '5x4000'}
  - {series: 'ca_exchange_inbox_entries{instance="ca"}', values: '0x1000 4x3000'}
  - {series: 'ca_exchange_issuer_not_after_timestamp_seconds{instance="ca",issuer="ca"}', values: '32000000x4000'}
  alert_rule_test:
  - {eval_time: 19d, alertname: CertificateExpiring}
  - eval_time: 21d
    alertname: CertificateExpiring
    exp_alerts:
    - exp_labels: {severity: critical, instance: n1, file: a.crt}
      exp_annotations:
        summary: "a.crt on n1 was not renewed"
        description: "It ends in less than half of the time that was left for it. On the host: component-admin renew"
  - {eval_time: 13d, alertname: CertificatesOverdue}
  - eval_time: 15d
    alertname: CertificatesOverdue
    exp_alerts:
    - exp_labels: {severity: warning, instance: ca, issuer: ca}
      exp_annotations:
        summary: "3 certificates of issuer ca are overdue"
        description: "On the CA's host: ca-admin list --status Overdue,Expired"
  - {eval_time: 6d, alertname: WatchStale}
  - eval_time: 8d
    alertname: WatchStale
    exp_alerts:
    - exp_labels: {severity: critical, instance: ca}
      exp_annotations:
        summary: "ca-admin watch on ca serves no exchange"
        description: "On the CA's host: ca-admin status"
  - {eval_time: 8d, alertname: HostStale}
  - eval_time: 10d
    alertname: HostStale
    exp_alerts:
    - exp_labels: {severity: warning, instance: n1}
      exp_annotations:
        summary: "n1 has not seen its exchange for two days"
        description: "On the host: component-admin renew. Where a stick is carried, give this alert the days of two visits."
  - {eval_time: 1d, alertname: RequestWaits}
  - eval_time: 3d
    alertname: RequestWaits
    exp_alerts:
    - exp_labels: {severity: info, instance: ca}
      exp_annotations:
        summary: "a request has waited for a person for two days"
        description: "On the CA's host: ca-admin review"
  - {eval_time: 6d, alertname: HookFailed}
  - eval_time: 8d
    alertname: HookFailed
    exp_alerts:
    - exp_labels: {severity: warning, instance: n1, file: a.crt}
      exp_annotations:
        summary: "the hooks of a.crt on n1 fail"
        description: "The certificate is installed and not in use. On the host: component-admin apply"
  - {eval_time: 6d, alertname: HostSilent}
  - eval_time: 8d
    alertname: HostSilent
    exp_alerts:
    - exp_labels: {severity: warning, instance: ca, state: Silent}
      exp_annotations:
        summary: "2 hosts have not reported for days what is installed there"
        description: "On the CA's host: ca-admin status"
  - {eval_time: 7d, alertname: EntriesStay}
  - eval_time: 9d
    alertname: EntriesStay
    exp_alerts:
    - exp_labels: {severity: info, instance: ca}
      exp_annotations:
        summary: "4 entries stay in the inboxes"
        description: "They are incomplete, or too many requests wait already. On the CA's host: ca-admin status"
  - {eval_time: 5d, alertname: IssuerEnds}
  - eval_time: 6d
    alertname: IssuerEnds
    exp_alerts:
    - exp_labels: {severity: warning, instance: ca, issuer: ca}
      exp_annotations:
        summary: "issuer ca ends within a year"
        description: "Every certificate ends with it. Plan its successor."
END
expect "alerts.yaml: each alert speaks when it should, and not before" promtool test rules alerts.test.yaml
# more judges
echo "$passed passed, $failed failed"
[ $failed = 0 ]

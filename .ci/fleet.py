#!/usr/bin/env python3
"""fleet.py PAGE REPORT...: holds the numbers of the page about many machines
against those that SQL finds in the reports."""
import html, json, re, sqlite3, sys

page = open(sys.argv[1], encoding="utf-8").read()
db = sqlite3.connect(":memory:")
db.execute("create table reports (doc text)")
db.executemany("insert into reports values (?)", [(open(p, encoding="utf-8").read(),) for p in sys.argv[2:]])
db.execute("""create table findings as select doc ->> '$.host.id' host, value ->> '$.rule' rule, value ->> '$.severity' severity,
  value ->> '$.subject.type' kind, value ->> '$.subject.id' thing, value ->> '$.account' account from reports, json_each(doc, '$.findings')""")
db.execute("""create table keys as select doc ->> '$.host.id' host, doc ->> '$.host.name' name, value ->> '$.id' id, value ->> '$.account' account, doc ->> '$.policy.max_age_days' most, value ->> '$.calls.networks' networks,
  cast(julianday(doc ->> '$.time') - julianday(value ->> '$.created') + 1e-6 as integer) age from reports, json_each(doc, '$.inventory')""")


def one(query):
    return db.execute(query).fetchone()[0]


def rows(table):
    body = re.search(r'<table id="%s">.*?<tbody>(.*?)</tbody>' % table, page, re.S)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", body.group(1), re.S)] if body else []
    return [[html.unescape(re.sub(r"<[^>]*>", " ", c)).strip() for c in row] for row in cells]


wrong = []


def same(what, shown, counted):
    print(what, counted)
    if shown != counted:
        wrong.append(f"{what}: the page has {shown}, SQL {counted}")


things = """count(distinct case when kind in ('account', 'user', 'key') then kind || thing else host || kind || thing end)"""
same("rules", sorted((r[0], r[1].split()[-1], int(r[2]), int(r[3])) for r in rows("rules")),
     sorted(db.execute(f"select severity, rule, {things}, count(distinct host) from findings group by severity, rule").fetchall()))
yes = "max(case when rule in ({}) then 1 else 0 end)"
accounts = db.execute(f"""select k.account, (select {yes.format("'root-key','root-key-in-account'")} from findings f where f.account = k.account),
  (select {yes.format("'root-no-mfa'")} from findings f where f.account = k.account), (select {yes.format("'password-policy'")} from findings f where f.account = k.account),
  count(distinct host) from keys k group by k.account""").fetchall()
same("accounts", sorted((r[0], int(r[1] == "yes"), int(r[2] == "none"), int(r[3] == "weak"), int(r[4])) for r in rows("accounts")), sorted(accounts))
same("shared keys", sorted(r[0] for r in rows("shared")),
     sorted(r[0] for r in db.execute("select id from keys group by id having count(distinct host) > 1 order by count(distinct host) desc, id limit 30")))
used = "select id, max(networks) from keys where networks > 1 group by id order by max(networks) desc, id"
same("keys used elsewhere", [(r[0].split()[0], int(r[1])) for r in rows("used")], db.execute(used + " limit 30").fetchall())
tiles = [int(n) for n in re.findall(r'<li><b class="[a-z]+">(\d+)</b>', page)]
same("tiles", tiles, [
    one("select count(distinct host) from findings where rule = 'root-key'"),
    one("select count(distinct account) from findings where rule = 'root-no-mfa'"),
    one("select count(distinct host) from findings where severity = 'high'"),
    one("select count(*) from (select id from keys group by id having max(age) > max(most))"),
    one("select count(*) from reports where julianday((select max(doc ->> '$.time') from reports)) - julianday(doc ->> '$.time') > 3 + 1e-6"),
    one(f"select count(*) from ({used})")])
bands = db.execute("""select sum(age <= 90), sum(age between 91 and 180), sum(age between 181 and 270), sum(age between 271 and 360), sum(age between 361 and 450), sum(age > 450)
  from (select max(age) age from keys where age is not null group by id)""").fetchone()
same("ages", tuple(int(n) for n in re.findall(r'<text class="mid"[^>]*>(\d+)</text>', page)), bands)
same("machines", int(re.search(r"<h1>AWS keys on ([\d,]+) machine", page).group(1).replace(",", "")), one("select count(distinct doc ->> '$.host.id') from reports"))
print("\n".join(wrong))
sys.exit(bool(wrong))

"""The SQL that stores what a commit is folded into, statement by statement."""

from __future__ import annotations

from typing import Final

JOB: Final = f"""
INSERT INTO jobs (number, id, target, kind, name, creator, project, description, properties,
  priority, created_unix_s, attempt, ordinal, status, seq, modified_unix_s, cancelling, error,
  note, ended, ticket, ticket_attempt)
VALUES ({", ".join("?" * 22)})"""  # noqa: S608 - our own text
SPEC: Final = "INSERT INTO specs (number, spec) VALUES (?, ?)"
FACT: Final = """
INSERT INTO facts (seq, number, ordinal, attempt, status, time_unix_s, cancelling, error, note,
  retrying, passed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
GO_ON: Final = """
UPDATE jobs SET attempt = ?, ordinal = ?, status = ?, seq = ?, modified_unix_s = ?,
  cancelling = ?, error = ?, note = ?
WHERE number = ? AND ordinal = ? AND ended IS NULL"""
END: Final = """
UPDATE jobs SET ended = ?, attempt = ?, ordinal = ?, status = ?, seq = ?, modified_unix_s = ?,
  cancelling = ?, error = ?, note = ?
WHERE number = ? AND ordinal = ? AND (ended IS NULL OR attempt < ?)"""
ATTEMPT: Final = "UPDATE jobs SET running = ?, collected = ? WHERE number = ?"
PIN: Final = "UPDATE jobs SET calibration_set = ? WHERE number = ?"
TICKET: Final = "UPDATE jobs SET ticket = ?, ticket_attempt = ? WHERE number = ?"
# Rare, so these need no column of their own: what was executed keeps the ticket it was executed by.
TICKET_BEFORE: Final = """
UPDATE sweeps SET metadata = CAST(json_set(CAST(metadata AS TEXT), '$.ticket', ?) AS BLOB)
WHERE number = ? AND attempt = ? AND json_valid(CAST(metadata AS TEXT))"""
TICKET_SO_FAR: Final = """
UPDATE sweeps SET metadata = CAST(json_set(CAST(sweeps.metadata AS TEXT), '$.ticket', jobs.ticket)
  AS BLOB)
FROM jobs WHERE jobs.number = ? AND sweeps.number = jobs.number
  AND sweeps.attempt = jobs.ticket_attempt AND json_valid(CAST(sweeps.metadata AS TEXT))"""
WORK: Final = """
INSERT INTO works (number, attempt, data) VALUES (?, ?, ?)
ON CONFLICT (number) DO UPDATE SET attempt = excluded.attempt, data = excluded.data"""
SWEEP: Final = """
INSERT INTO sweeps (number, attempt, metadata) VALUES (?, ?, ?)
ON CONFLICT (number, attempt) DO UPDATE SET metadata = excluded.metadata"""
ITEM: Final = """
INSERT INTO items (number, item, attempt, error, artifact, size_bytes, sha256, data, partial)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number, item) DO UPDATE SET attempt = excluded.attempt, error = excluded.error,
  artifact = excluded.artifact, size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
  data = excluded.data, partial = excluded.partial"""
DROP: Final = "DELETE FROM blocks WHERE number = ? AND attempt = ?"
BLOCK: Final = """
INSERT INTO blocks (number, attempt, controller, block, header, data) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING"""
SET: Final = """
INSERT INTO calibration_sets (id, target, created_unix_s, name, observations, data)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING"""
DEFAULT: Final = """
INSERT INTO calibration_defaults (target, id) VALUES (?, ?)
ON CONFLICT (target) DO UPDATE SET id = excluded.id"""
EPOCH: Final = "UPDATE meta SET epoch = max(epoch, ?)"
CONTROLLER: Final = """
INSERT INTO controllers (name, driver, ledger, version, time_unix_s, capabilities)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET driver = excluded.driver, ledger = excluded.ledger,
  version = excluded.version, time_unix_s = excluded.time_unix_s,
  capabilities = excluded.capabilities"""
PROJECT: Final = """
INSERT INTO projects (id, name, data) VALUES (?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, data = excluded.data"""
PLACE: Final = "UPDATE jobs SET priority = ?, placement = ? WHERE number = ?"
NOTE: Final = """
INSERT INTO queue_notes (kind, name, data) VALUES (?, ?, ?)
ON CONFLICT (kind, name) DO UPDATE SET data = excluded.data"""
VERSIONS: Final = """
INSERT INTO versions (controller, since_unix_s, data)
SELECT ?1, ?2, ?3 WHERE ?3 IS NOT (
  SELECT data FROM versions WHERE controller = ?1 ORDER BY id DESC LIMIT 1)"""
FORGET: Final = "DELETE FROM queue_notes WHERE kind = ? AND name = ?"

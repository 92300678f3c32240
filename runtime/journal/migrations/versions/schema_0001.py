"""Format 1: the first that was released.

What stands here never changes: journals of this format are out there.
"""

from __future__ import annotations

from typing import Final

from alembic import op

revision: Final = "0001"
down_revision: Final = None

_STATEMENTS: Final = (
    """
CREATE TABLE calibration_sets (
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    created_unix_s REAL NOT NULL,
    name TEXT NOT NULL,
    observations INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id)
)
 STRICT
""",
    """
CREATE INDEX calibration_sets_of_target ON calibration_sets (target, created_unix_s)
""",
    """
CREATE TABLE controllers (
    name TEXT NOT NULL,
    driver TEXT NOT NULL,
    ledger TEXT NOT NULL,
    version TEXT NOT NULL,
    time_unix_s REAL NOT NULL,
    capabilities BLOB NOT NULL,
    PRIMARY KEY (name)
)
 STRICT
""",
    """
CREATE TABLE jobs (
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    target INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name INTEGER NOT NULL,
    creator INTEGER NOT NULL,
    project INTEGER,
    description TEXT,
    properties BLOB,
    priority INTEGER NOT NULL,
    created_unix_s REAL NOT NULL,
    attempt INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    status INTEGER NOT NULL,
    ended INTEGER,
    seq INTEGER NOT NULL,
    modified_unix_s REAL NOT NULL,
    cancelling INTEGER NOT NULL,
    error BLOB,
    note TEXT NOT NULL,
    calibration_set INTEGER,
    ticket INTEGER,
    ticket_attempt INTEGER,
    running BLOB,
    collected INTEGER DEFAULT 0 NOT NULL,
    placement BLOB,
    PRIMARY KEY (number),
    CHECK (number >= 1 AND attempt >= 1 AND ordinal >= attempt),
    CHECK (cancelling IN (0, 1)),
    CHECK (ended IS NULL OR ended = status),
    CHECK ((ticket IS NULL) = (ticket_attempt IS NULL)),
    UNIQUE (id),
    UNIQUE (ticket)
)
 STRICT
""",
    """
CREATE INDEX jobs_by_end ON jobs (modified_unix_s, number) WHERE ended IS NOT NULL
""",
    """
CREATE INDEX jobs_ended ON jobs (ended, number) WHERE ended IS NOT NULL
""",
    """
CREATE INDEX jobs_under_way ON jobs (number) WHERE ended IS NULL
""",
    """
CREATE TABLE meta (
    one INTEGER NOT NULL,
    station TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    newest_created REAL NOT NULL,
    set_back REAL NOT NULL,
    changed_back REAL NOT NULL,
    forgotten INTEGER NOT NULL,
    PRIMARY KEY (one),
    CHECK (one = 1)
)
 STRICT
""",
    """
CREATE TABLE projects (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
)
 STRICT
""",
    """
CREATE TABLE queue_notes (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (kind, name)
)
 STRICT
""",
    """
CREATE TABLE tags (
    term INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (term, number)
)
 WITHOUT ROWID,
 STRICT
""",
    """
CREATE TABLE terms (
    id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    word TEXT NOT NULL,
    folded TEXT,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (kind, word)
)
 STRICT
""",
    """
CREATE INDEX terms_by_name ON terms (folded) WHERE folded IS NOT NULL
""",
    """
CREATE TABLE blocks (
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    controller TEXT NOT NULL,
    block INTEGER NOT NULL,
    header BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (number, attempt, controller, block),
    FOREIGN KEY(number) REFERENCES jobs (number)
)
 STRICT
""",
    """
CREATE TABLE calibration_defaults (
    target TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (target),
    FOREIGN KEY(id) REFERENCES calibration_sets (id)
)
 STRICT
""",
    """
CREATE TABLE facts (
    seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status INTEGER NOT NULL,
    time_unix_s REAL NOT NULL,
    cancelling INTEGER NOT NULL,
    error BLOB,
    note TEXT NOT NULL,
    retrying INTEGER DEFAULT 0 NOT NULL,
    passed BLOB,
    PRIMARY KEY (seq),
    UNIQUE (number, ordinal),
    FOREIGN KEY(number) REFERENCES jobs (number)
)
 STRICT
""",
    """
CREATE TABLE items (
    number INTEGER NOT NULL,
    item INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    error BLOB,
    artifact TEXT,
    size_bytes INTEGER,
    sha256 BLOB,
    data BLOB,
    partial INTEGER NOT NULL,
    PRIMARY KEY (number, item),
    CHECK (item >= 0),
    CHECK ((artifact IS NULL) = (size_bytes IS NULL)),
    CHECK ((artifact IS NULL) = (sha256 IS NULL)),
    CHECK (data IS NULL OR artifact IS NOT NULL),
    FOREIGN KEY(number) REFERENCES jobs (number)
)
 WITHOUT ROWID,
 STRICT
""",
    """
CREATE TABLE specs (
    number INTEGER NOT NULL,
    spec BLOB NOT NULL,
    PRIMARY KEY (number),
    FOREIGN KEY(number) REFERENCES jobs (number)
)
 STRICT
""",
    """
CREATE TABLE sweeps (
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    metadata BLOB NOT NULL,
    PRIMARY KEY (number, attempt),
    FOREIGN KEY(number) REFERENCES jobs (number)
)
 WITHOUT ROWID,
 STRICT
""",
    """
CREATE TABLE versions (
    id INTEGER NOT NULL,
    controller TEXT NOT NULL,
    since_unix_s REAL NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id)
)
 STRICT
""",
    """
CREATE INDEX versions_of_controller ON versions (controller, id)
""",
    """
CREATE TABLE works (
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (number),
    FOREIGN KEY(number) REFERENCES jobs (number)
)
 STRICT
""",
    """
CREATE VIRTUAL TABLE name_parts USING fts5 (
    folded, content = '', columnsize = 0, detail = 'none', tokenize = 'trigram case_sensitive 1'
)
""",
)


def upgrade() -> None:
    """Make all tables and indices in an empty database."""
    for statement in _STATEMENTS:
        op.execute(statement)

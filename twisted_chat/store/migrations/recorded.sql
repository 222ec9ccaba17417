
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)

;

CREATE TABLE account (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	folded TEXT NOT NULL, 
	skeleton TEXT NOT NULL, 
	intro TEXT DEFAULT '' NOT NULL, 
	admin BOOLEAN DEFAULT 0 NOT NULL, 
	suspended_until INTEGER, 
	suspended_reason TEXT DEFAULT '' NOT NULL, 
	away TEXT DEFAULT '' NOT NULL, 
	last_seen INTEGER NOT NULL, 
	created INTEGER NOT NULL, 
	erased BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (folded)
)

;

CREATE TABLE credential (
	account INTEGER NOT NULL, 
	scheme TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (account, scheme)
)
 WITHOUT ROWID

;

CREATE TABLE token (
	id INTEGER NOT NULL, 
	account INTEGER NOT NULL, 
	device TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	former TEXT, 
	created INTEGER NOT NULL, 
	used INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (hash)
)

;
CREATE INDEX ix_token_account ON token (account);
CREATE INDEX ix_token_former ON token (former);

CREATE TABLE ignored (
	account INTEGER NOT NULL, 
	other INTEGER NOT NULL, 
	PRIMARY KEY (account, other)
)
 WITHOUT ROWID

;
CREATE INDEX ix_ignored_other ON ignored (other);

CREATE TABLE room (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	folded TEXT, 
	kind INTEGER NOT NULL, 
	hidden BOOLEAN DEFAULT 0 NOT NULL, 
	topic TEXT DEFAULT '' NOT NULL, 
	last_seq INTEGER DEFAULT 0 NOT NULL, 
	created INTEGER NOT NULL, 
	deleted_at INTEGER, 
	first INTEGER, 
	second INTEGER, 
	PRIMARY KEY (id), 
	UNIQUE (first, second), 
	UNIQUE (folded)
)

;

CREATE TABLE member (
	room INTEGER NOT NULL, 
	account INTEGER NOT NULL, 
	role INTEGER NOT NULL, 
	since INTEGER NOT NULL, 
	PRIMARY KEY (room, account)
)
 WITHOUT ROWID

;
CREATE INDEX ix_member_account ON member (account);

CREATE TABLE mute (
	room INTEGER NOT NULL, 
	account INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (room, account)
)
 WITHOUT ROWID

;
CREATE INDEX ix_mute_account ON mute (account);

CREATE TABLE ban (
	room INTEGER NOT NULL, 
	account INTEGER NOT NULL, 
	until INTEGER, 
	PRIMARY KEY (room, account)
)
 WITHOUT ROWID

;
CREATE INDEX ix_ban_account ON ban (account);

CREATE TABLE invite (
	room INTEGER NOT NULL, 
	account INTEGER NOT NULL, 
	PRIMARY KEY (room, account)
)
 WITHOUT ROWID

;
CREATE INDEX ix_invite_account ON invite (account);

CREATE TABLE entry (
	id INTEGER NOT NULL, 
	room INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	kind INTEGER NOT NULL, 
	time INTEGER NOT NULL, 
	sender INTEGER, 
	author TEXT NOT NULL, 
	text TEXT NOT NULL, 
	target INTEGER, 
	subject TEXT NOT NULL, 
	cid TEXT, 
	state INTEGER NOT NULL, 
	PRIMARY KEY (id)
)

;
CREATE UNIQUE INDEX entry_place ON entry (room, seq);
CREATE UNIQUE INDEX entry_cid ON entry (sender, cid) WHERE cid IS NOT NULL;
CREATE INDEX entry_shown ON entry (room, id, sender, kind, state) WHERE kind = 1;
CREATE INDEX entry_target ON entry (room, target) WHERE target IS NOT NULL;

CREATE TABLE cursor (
	account INTEGER NOT NULL, 
	device TEXT NOT NULL, 
	room INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	PRIMARY KEY (account, device, room)
)
 WITHOUT ROWID

;
CREATE INDEX ix_cursor_room ON cursor (room);

CREATE TABLE read_cursor (
	account INTEGER NOT NULL, 
	room INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	PRIMARY KEY (account, room)
)
 WITHOUT ROWID

;
CREATE INDEX ix_read_cursor_room ON read_cursor (room);
CREATE VIRTUAL TABLE words USING fts5(text, tags, content='', columnsize=0, tokenize="unicode61 remove_diacritics 2 categories 'L* N* M* Co So Sk'");

CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
)
 WITHOUT ROWID

;
INSERT INTO meta ("key", value) VALUES ('epoch', :epoch);
INSERT INTO room (id, name, folded, kind, created) VALUES (1, '#lobby', '#lobby', 1, :now);
INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING version_num;
ALTER TABLE entry ADD COLUMN form INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE room ADD COLUMN encrypted BOOLEAN DEFAULT 0 NOT NULL;

CREATE TABLE file (
	id INTEGER NOT NULL, 
	blob TEXT NOT NULL, 
	owner INTEGER NOT NULL, 
	room INTEGER NOT NULL, 
	seq INTEGER, 
	name TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	complete BOOLEAN DEFAULT 0 NOT NULL, 
	created INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (blob)
)

;
CREATE INDEX ix_file_owner ON file (owner);
CREATE UNIQUE INDEX file_place ON file (room, seq) WHERE seq IS NOT NULL;

CREATE TABLE device_key (
	account INTEGER NOT NULL, 
	device TEXT NOT NULL, 
	ed25519 TEXT NOT NULL, 
	curve25519 TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	published INTEGER NOT NULL, 
	PRIMARY KEY (account, device), 
	UNIQUE (curve25519)
)
 WITHOUT ROWID

;

CREATE TABLE one_time_key (
	curve25519 TEXT NOT NULL, 
	fallback BOOLEAN NOT NULL, 
	id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	PRIMARY KEY (curve25519, fallback, id)
)
 WITHOUT ROWID

;
UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';
ALTER TABLE entry ADD COLUMN tags TEXT DEFAULT '' NOT NULL;
ALTER TABLE room ADD COLUMN rules TEXT DEFAULT '' NOT NULL;
ALTER TABLE member ADD COLUMN voice BOOLEAN DEFAULT 0 NOT NULL;

CREATE TABLE read_marker (
	account INTEGER NOT NULL, 
	target TEXT NOT NULL, 
	time INTEGER NOT NULL, 
	PRIMARY KEY (account, target)
)
 WITHOUT ROWID

;
UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';
INSERT INTO meta SELECT 'indexed', coalesce(max(id), 0) FROM entry;
UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

CREATE TABLE certificate (
	account INTEGER NOT NULL, 
	fingerprint TEXT NOT NULL, 
	added INTEGER NOT NULL, 
	used INTEGER, 
	PRIMARY KEY (account, fingerprint)
)
 WITHOUT ROWID

;
CREATE INDEX ix_certificate_fingerprint ON certificate (fingerprint);

CREATE TABLE account_metadata (
	account INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (account, "key")
)
 WITHOUT ROWID

;

CREATE TABLE room_metadata (
	room INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (room, "key")
)
 WITHOUT ROWID

;

CREATE TABLE former_name (
	folded TEXT NOT NULL, 
	name TEXT NOT NULL, 
	room INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (folded)
)
 WITHOUT ROWID

;
CREATE INDEX ix_former_name_room ON former_name (room);
UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';
ALTER TABLE entry ADD COLUMN checksum INTEGER;
UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005'

-- Names of tenants. The empty name is the default tenant (4.14).
create table tenant (
    id   integer primary key,
    name text not null unique
) strict;
insert into tenant (id, name) values (1, '');

-- Expanded names of types and attributes, so that rows hold small numbers.
create table term (
    id  integer primary key,
    iri text not null unique
) strict;

-- Sets of types that entities have, and which types are in which set.
create table type_set (
    id  integer primary key,
    key text not null unique
) strict;
create table type_member (
    term     integer not null,
    type_set integer not null,
    primary key (term, type_set)
) strict, without rowid;

-- Shapes: a set of types with a set of attributes and their kinds. Discovery and attribute-name queries read them.
create table shape (
    id  integer primary key,
    key text not null unique
) strict;
create table shape_attribute (
    term  integer not null,
    shape integer not null,
    primary key (term, shape)
) strict, without rowid;

-- Entities. `seq` is the creation sequence: the one stable order of results.
create table entity (
    seq        integer primary key autoincrement,
    tenant     integer not null,
    id         text not null,
    version    integer not null,
    types      integer not null,
    shape      integer not null,
    expires_at integer,
    payload    text not null,
    unique (tenant, id)
) strict;
create index entity_by_type on entity (tenant, types, seq);
create index entity_by_shape on entity (tenant, shape, seq);
create index entity_by_expiry on entity (expires_at) where expires_at is not null;

-- Index rows. They only narrow: what a query means is decided by the evaluator.
create table scope (
    tenant integer not null,
    path   text not null,
    seq    integer not null,
    primary key (tenant, path, seq)
) strict, without rowid;
create index scope_by_entity on scope (seq);

create table place (
    id        integer primary key,
    tenant    integer not null,
    seq       integer not null,
    attribute integer not null
) strict;
create index place_by_entity on place (seq);
create virtual table place_box using rtree (id, min_x, max_x, min_y, max_y);

create table value_index (
    id     integer primary key,
    path   text not null unique,
    origin text not null,
    ready  integer not null default 0
) strict;
create table value_row (
    tenant   integer not null,
    index_id integer not null,
    kind     integer not null,
    number   real,
    text     text,
    seq      integer not null
) strict;
create index value_by_number on value_row (tenant, index_id, kind, number, seq) where number is not null;
create index value_by_text on value_row (tenant, index_id, kind, text, seq) where text is not null;
create index value_by_entity on value_row (seq, index_id);

-- One number that moves whenever the set of value indexes changes. A writer that knows an older set must not write.
create table index_version (
    version integer not null
) strict;
insert into index_version (version) values (0);

-- The change log, which is the history. Its position is the order of commits: there is one writer at a time.
create table change (
    position  integer primary key autoincrement,
    tenant    integer not null,
    entity    text not null,
    version   integer not null,
    at        integer not null,
    operation text not null,
    change    text not null
) strict;
create index change_by_entity on change (tenant, entity, position);

create table counter (
    name  text primary key,
    value integer not null
) strict, without rowid;
insert into counter (name, value) values ('version', 0);

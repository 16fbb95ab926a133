-- Every unique key of a distributed table holds (tenant, entity id); there are no triggers and no foreign keys between
-- them, so that the schema can be spread over several machines. Dictionaries are small and would be copied to each.

-- Names of tenants. The empty name is the default tenant (4.14).
create table tenant (
    id   integer generated always as identity primary key,
    name text not null unique
);
insert into tenant (name) values ('');

-- Expanded names of types and attributes, so that rows hold small numbers.
create table term (
    id  integer generated always as identity primary key,
    iri text collate "C" not null unique
);

-- Sets of types that entities have, and which types are in which set.
create table type_set (
    id  integer generated always as identity primary key,
    key text collate "C" not null unique
);
create table type_member (
    term     integer not null,
    type_set integer not null,
    primary key (term, type_set)
);

-- Shapes: a set of types with a set of attributes and their kinds. Discovery and attribute-name queries read them.
create table shape (
    id  integer generated always as identity primary key,
    key text collate "C" not null unique
);
create table shape_attribute (
    term  integer not null,
    shape integer not null,
    primary key (term, shape)
);

-- Versions of entities are numbers of changes: unique over time, so that a version never means two states.
create sequence version;

-- Entities. `seq` is the creation sequence: the one stable order of results.
create table entity (
    tenant     integer not null,
    id         text collate "C" not null,
    seq        bigint generated always as identity,
    version    bigint not null,
    types      integer not null,
    shape      integer not null,
    expires_at bigint,
    payload    text not null,
    primary key (tenant, id)
) with (fillfactor = 90);
create index entity_by_type on entity (tenant, types, seq);
create index entity_by_shape on entity (tenant, shape, seq);
create index entity_by_expiry on entity (expires_at) where expires_at is not null;

-- Index rows. They only narrow: what a query means is decided by the evaluator.
create table scope (
    tenant integer not null,
    path   text collate "C" not null,
    entity text collate "C" not null,
    seq    bigint not null
);
create index scope_by_path on scope (tenant, path, seq);
create index scope_by_entity on scope (tenant, entity);

create table place (
    tenant    integer not null,
    attribute integer not null,
    entity    text collate "C" not null,
    seq       bigint not null,
    geom      geometry(geometry, 4326) not null
);
create index place_by_area on place using gist (geom);
create index place_by_entity on place (tenant, entity);

create table value_index (
    id     integer generated always as identity primary key,
    path   text collate "C" not null unique,
    origin text not null,
    ready  boolean not null default false
);
create table value_row (
    tenant   integer not null,
    index_id integer not null,
    kind     smallint not null,
    number   double precision,
    text     text collate "C",
    entity   text collate "C" not null,
    seq      bigint not null
);
create index value_by_number on value_row (tenant, index_id, kind, number, seq) where number is not null;
create index value_by_text on value_row (tenant, index_id, kind, text, seq) where text is not null;
create index value_by_entity on value_row (tenant, entity, index_id);

-- One number that moves whenever the set of value indexes changes. A writer that knows an older set must not write.
create table index_version (
    version bigint not null
);
insert into index_version (version) values (0);

-- The change log, which is the history. Its order is the order in which commits become visible: by transaction, then by
-- version within it; readers stop at the oldest transaction still under way.
create table change (
    tenant      integer not null,
    entity      text collate "C" not null,
    at          timestamptz not null,
    version     bigint not null,
    transaction bigint not null,
    operation   text not null,
    change      text not null
) partition by range (at);
create index change_by_position on change (transaction, version);
create index change_by_entity on change (tenant, entity, version);

-- What is added to PostgreSQL's transaction numbers, so that positions keep growing when the data moves to another
-- server, whose numbers start again.
create table position_base (
    base bigint not null
);
insert into position_base (base) values (0);

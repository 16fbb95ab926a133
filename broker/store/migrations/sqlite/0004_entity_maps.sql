-- A name that no other database has. It tells sources apart (5.2.40) where the operator gives no alias.
create table installation (
    name text not null
) strict;
insert into installation (name) values (lower(hex(randomblob(4))));

-- Entity maps (4.5.25): which entities a sequence of requests is about, in their order, as a JSON array of ids. `query` says
-- what they were selected by.
create table entity_map (
    tenant     integer not null,
    id         text not null,
    expires_at integer not null,
    query      text not null,
    entities   text not null,
    primary key (tenant, id)
) strict;
create index entity_map_by_expiry on entity_map (expires_at);

-- A name that no other database has. It tells sources apart (5.2.40) where the operator gives no alias.
create table installation (
    name text not null
);
insert into installation (name) values (substr(replace(gen_random_uuid()::text, '-', ''), 1, 8));

-- Entity maps (4.5.25): which entities a sequence of requests is about, in their order, as a JSON array of ids. `query` says
-- what they were selected by.
create table entity_map (
    tenant     integer not null,
    id         text collate "C" not null,
    expires_at bigint not null,
    query      text not null,
    entities   text not null,
    primary key (tenant, id)
);
create index entity_map_by_expiry on entity_map (expires_at);

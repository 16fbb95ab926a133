-- @contexts that the broker serves itself (5.13): `Hosted` ones were added by clients, `ImplicitlyCreated` ones stand for
-- what a client sent in a body. Copies of remote ones are not kept here: each process fetches its own.
create table context (
    tenant     integer not null,
    id         text collate "C" not null,
    kind       text not null,
    created_at bigint not null,
    body       text not null,
    hits       bigint not null default 0,
    used_at    bigint,
    primary key (tenant, id)
);

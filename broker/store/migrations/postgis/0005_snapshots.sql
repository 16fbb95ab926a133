-- A hidden tenant holds the data of a snapshot; its name is one that no client can say. From `dropped_at` on nobody is
-- led to it any more, and its data are removed, at once and once more when every request that was under way has ended
-- (`purged_at` is the first time).
alter table tenant add column hidden boolean not null default false;
alter table tenant add column dropped_at bigint;
alter table tenant add column purged_at bigint;
create index tenant_dropped on tenant (dropped_at) where dropped_at is not null;

-- Snapshots (5.16). `data` is the hidden tenant of the attempt that prepares it, or that has prepared it; the process that
-- prepares it holds it until `claimed_until`, and goes on saying so. `origin` is what does not change (queries, @context),
-- `settings` what clients may change, `outcome` what became of the queries; all three are JSON.
create table snapshot (
    tenant        integer not null,
    id            text collate "C" not null,
    data          integer,
    preparing     boolean not null,
    attempts      bigint not null default 0,
    claimed_until bigint not null default 0,
    priority      bigint not null,
    created_at    bigint not null,
    modified_at   bigint not null,
    expires_at    bigint not null,
    last_used_at  bigint,
    revision      bigint not null default 0,
    origin        text not null,
    settings      text not null,
    outcome       text not null,
    primary key (tenant, id)
);
create index snapshot_by_expiry on snapshot (expires_at);
create index snapshot_preparing on snapshot (claimed_until) where preparing;

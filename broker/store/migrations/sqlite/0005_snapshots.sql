-- Numbers of tenants are never given twice: caches and readers know tenants by them. A hidden tenant holds the data of a
-- snapshot; its name is one that no client can say. From `dropped_at` on nobody is led to it any more, and its data are
-- removed, at once and once more when every request that was under way has ended (`purged_at` is the first time).
create table tenant_of_snapshots (
    id         integer primary key autoincrement,
    name       text not null unique,
    hidden     integer not null default 0,
    dropped_at integer,
    purged_at  integer
) strict;
insert into tenant_of_snapshots (id, name) select id, name from tenant;
drop table tenant;
alter table tenant_of_snapshots rename to tenant;
create index tenant_dropped on tenant (dropped_at) where dropped_at is not null;

-- Snapshots (5.16). `data` is the hidden tenant of the attempt that prepares it, or that has prepared it; the process that
-- prepares it holds it until `claimed_until`, and goes on saying so. `origin` is what does not change (queries, @context),
-- `settings` what clients may change, `outcome` what became of the queries; all three are JSON.
create table snapshot (
    tenant        integer not null,
    id            text not null,
    data          integer,
    preparing     integer not null,
    attempts      integer not null default 0,
    claimed_until integer not null default 0,
    priority      integer not null,
    created_at    integer not null,
    modified_at   integer not null,
    expires_at    integer not null,
    last_used_at  integer,
    revision      integer not null default 0,
    origin        text not null,
    settings      text not null,
    outcome       text not null,
    primary key (tenant, id)
) strict;
create index snapshot_by_expiry on snapshot (expires_at);
create index snapshot_preparing on snapshot (claimed_until) where preparing;

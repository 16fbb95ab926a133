-- Versions of data sets. A data set has one row; `run` counts the attempts to change it, and whoever made the last one holds
-- it until `claimed_until` (microseconds, 0 when nobody does).
create table dataset (
    tenant        integer not null,
    id            text not null,
    run           integer not null,
    claimed_until integer not null,
    primary key (tenant, id)
) strict;

-- The versions: 1, 2, 3, … for each data set. `kind` is import, undo or removal; `state` is publishing, published or
-- failed. `restores` is the version whose state an undo brings back. `details` is JSON: where the version comes from, and
-- what was counted.
create table dataset_version (
    tenant      integer not null,
    dataset     text not null,
    number      integer not null,
    kind        text not null,
    state       text not null,
    restores    integer,
    begun_at    integer not null,
    finished_at integer,
    details     text not null,
    primary key (tenant, dataset, number)
) strict;

-- What a version did to an entity: the documents before and after (null where there is none), and whether the entity
-- belonged to the data set. `pending` is 0 once the entity is known to be written, 1 before that, 2 before it is
-- written again by the same version.
create table dataset_change (
    tenant          integer not null,
    dataset         text not null,
    number          integer not null,
    entity          text not null,
    member_before   integer not null,
    member_after    integer not null,
    document_before text,
    document_after  text,
    pending         integer not null,
    primary key (tenant, dataset, number, entity)
) strict;
create index dataset_change_by_entity on dataset_change (tenant, dataset, entity, number);
create index dataset_change_pending on dataset_change (tenant, dataset, number) where pending <> 0;

-- The entities that belong to a data set now. `seen` is the run that last found them in the source.
create table dataset_member (
    tenant  integer not null,
    dataset text not null,
    entity  text not null,
    seen    integer not null,
    primary key (tenant, dataset, entity)
) strict;

-- Addresses that files are fetched from. `part` tells which table of the file is meant, where it was said. `tried_at` is when the
-- last attempt began; it counts as a failure until it has ended. The last columns are those of the last file that was imported:
-- what its server said of it, its digest, with which settings it was read, and the versions that its tables became (JSON: an
-- array of [data set, number]).
create table source (
    tenant        integer not null,
    url           text not null,
    part          text not null,
    tried_at      integer not null,
    succeeded_at  integer,
    failures      integer not null,
    error         text,
    etag          text,
    last_modified text,
    sha256        text,
    settings      text,
    versions      text,
    primary key (tenant, url, part)
) strict;

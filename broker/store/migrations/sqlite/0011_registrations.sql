-- One number for each tenant that every change of its registrations, and of the subscriptions to them, moves in the same
-- commit: whoever changes something says which state it was worked out from.
create table registry (
    tenant   integer not null primary key,
    revision integer not null
) strict;

-- Context source registrations (5.2.9). `number` is the revision of the registry that each came with: their order.
create table registration (
    tenant     integer not null,
    id         text not null,
    number     integer not null,
    expires_at integer,
    document   text not null,
    primary key (tenant, id)
) strict;
create index registration_by_number on registration (tenant, number);
create index registration_expiry on registration (expires_at) where expires_at is not null;

-- What a subscription is about: 0 entities, 1 registrations.
alter table subscription add column about integer not null default 0;

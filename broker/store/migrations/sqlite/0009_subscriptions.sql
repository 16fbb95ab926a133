-- One number that every change of a subscription moves, in the same commit: so no reader that follows it misses one.
-- `forgotten` is the last number of a deletion that is no longer told.
create table subscription_revision (
    revision  integer not null,
    forgotten integer not null
) strict;
insert into subscription_revision (revision, forgotten) values (0, 0);

-- Subscriptions (5.2.12). `since_…` is the position of the log after which changes are notified. A deleted one stays for a
-- while, without its document, for those who follow the numbers.
create table subscription (
    tenant            integer not null,
    id                text not null,
    revision          integer not null,
    deleted           integer not null default 0,
    since_transaction integer not null,
    since_number      integer not null,
    expires_at        integer,
    document          text not null,
    primary key (tenant, id)
) strict;
create index subscription_by_revision on subscription (revision);
create index subscription_deleted on subscription (revision) where deleted;

-- What waits for the receiver of each subscription, and what became of earlier attempts. `ready_at` is when the next one
-- may take it up: when the oldest notification is due, or when the claim of `holder` ends; null when nothing waits and nobody
-- holds it. `run` tells claims apart, 0 is nobody's. All instants are microseconds.
create table subscription_queue (
    tenant            integer not null,
    subscription      text not null,
    run               integer not null default 0,
    holder            text,
    ready_at          integer,
    retry_at          integer not null default 0,
    waiting           integer not null default 0,
    next_number       integer not null default 1,
    times_sent        integer not null default 0,
    times_failed      integer not null default 0,
    last_notification integer,
    last_success      integer,
    last_failure      integer,
    failing           integer not null default 0,
    letters_lost      integer not null default 0,
    primary key (tenant, subscription)
) strict;
create index subscription_queue_ready on subscription_queue (tenant, ready_at, subscription) where ready_at is not null;

-- Notifications that wait, and those that were given up.
create table notification (
    tenant       integer not null,
    subscription text not null,
    number       integer not null,
    at           integer not null,
    attempts     integer not null default 0,
    error        text,
    payload      text not null,
    primary key (tenant, subscription, number)
) strict;
create table dead_letter (
    tenant       integer not null,
    subscription text not null,
    number       integer not null,
    at           integer not null,
    attempts     integer not null,
    given_up_at  integer not null,
    error        text not null,
    payload      text not null,
    primary key (tenant, subscription, number)
) strict;
insert into counter (name, value) values ('delivery_run', 0);

-- Who matches changes with subscriptions, and how far. There were no subscriptions so far: nothing before is looked at.
create table matching (
    token                integer not null,
    holder               text,
    claimed_until        integer not null,
    position_transaction integer not null,
    position_number      integer not null
) strict;
insert into matching (token, claimed_until, position_transaction, position_number)
select 0, 0, 0, coalesce(max(position), 0) from change;

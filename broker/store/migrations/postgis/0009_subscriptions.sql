-- One number that every change of a subscription moves, in the same commit: so no reader that follows it misses one.
-- `forgotten` is the last number of a deletion that is no longer told.
create table subscription_revision (
    revision  bigint not null,
    forgotten bigint not null
);
insert into subscription_revision (revision, forgotten) values (0, 0);

-- Subscriptions (5.2.12). `since_…` is the position of the log after which changes are notified. A deleted one stays for a
-- while, without its document, for those who follow the numbers.
create table subscription (
    tenant            integer not null,
    id                text collate "C" not null,
    revision          bigint not null,
    deleted           boolean not null default false,
    since_transaction bigint not null,
    since_number      bigint not null,
    expires_at        bigint,
    document          text not null,
    primary key (tenant, id)
);
create index subscription_by_revision on subscription (revision);
create index subscription_deleted on subscription (revision) where deleted;

-- What waits for the receiver of each subscription, and what became of earlier attempts. `ready_at` is when the next one
-- may take it up: when the oldest notification is due, or when the claim of `holder` ends; null when nothing waits and nobody
-- holds it. `run` tells claims apart, 0 is nobody's. All instants are microseconds.
create table subscription_queue (
    tenant            integer not null,
    subscription      text collate "C" not null,
    run               bigint not null default 0,
    holder            text,
    ready_at          bigint,
    retry_at          bigint not null default 0,
    waiting           bigint not null default 0,
    next_number       bigint not null default 1,
    times_sent        bigint not null default 0,
    times_failed      bigint not null default 0,
    last_notification bigint,
    last_success      bigint,
    last_failure      bigint,
    failing           boolean not null default false,
    letters_lost      bigint not null default 0,
    primary key (tenant, subscription)
) with (fillfactor = 70);
create index subscription_queue_ready on subscription_queue (tenant, ready_at, subscription) where ready_at is not null;

-- Notifications that wait, and those that were given up.
create table notification (
    tenant       integer not null,
    subscription text collate "C" not null,
    number       bigint not null,
    at           bigint not null,
    attempts     bigint not null default 0,
    error        text,
    payload      text not null,
    primary key (tenant, subscription, number)
);
create table dead_letter (
    tenant       integer not null,
    subscription text collate "C" not null,
    number       bigint not null,
    at           bigint not null,
    attempts     bigint not null,
    given_up_at  bigint not null,
    error        text not null,
    payload      text not null,
    primary key (tenant, subscription, number)
);
create sequence delivery_run;

-- Who matches changes with subscriptions, and how far. There were no subscriptions so far: nothing before is looked at.
create table matching (
    token                bigint not null,
    holder               text,
    claimed_until        bigint not null,
    position_transaction bigint not null,
    position_number      bigint not null
);
insert into matching (token, claimed_until, position_transaction, position_number)
select 0, 0, greatest(pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + base, 0), 9223372036854775807
from position_base;

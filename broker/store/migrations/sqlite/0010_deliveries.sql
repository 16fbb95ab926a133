-- `context` is the id of the @context of a subscription's notifications if it may be one of its tenant's here: it
-- does not make room for others.
-- `told_at` is of what instant the latest notification tells (microseconds), for `throttling` and `timeInterval`.
alter table subscription add column context text;
create index subscription_by_context on subscription (tenant, context) where context is not null;
alter table subscription_queue add column told_at integer;

-- How many attempts have failed since one succeeded, and when a notification was first tried (microseconds).
alter table subscription_queue add column failures integer not null default 0;
alter table notification add column tried_at integer;

-- What the temporal API needs to read the log as history.
--
-- `history` is null where a record's history is what its change did; else the instances that it tells, as JSON; '' when
-- it was forgotten. `time_from` and `time_to` bound the times of the instances (observed, or else recorded), in
-- microseconds. `marks` says what cannot be told from later records: 1 a series ends here or is told here only, 2 the
-- scope is touched, 4 an instance was modified afterwards.
alter table change add column history text;
alter table change add column time_from integer;
alter table change add column time_to integer;
alter table change add column marks integer not null default 0;
update change set time_from = at, time_to = at, marks = 7;
create index change_by_time on change (tenant, entity, time_to, version);
create index change_by_start on change (tenant, entity, time_from, version) where time_from < time_to;
create index change_marked on change (tenant, entity, version) where marks > 0;
create index change_of_deletion on change (tenant, entity, version) where operation = 'deleted';
